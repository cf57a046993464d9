#include "aggregator/api/support/errors.h"

#include "aggregator/postgres/database_error.h"
#include "aggregator/sealed/damage.h"
#include "common/log.h"

namespace chorus::api {

namespace {

constexpr Logger kErrorsLog{"api"};

}  // namespace

void host_not_found() {
    throw http::HttpError(404, "host_not_found", "Host not found");
}

void agent_mismatch() {
    throw http::HttpError(403, "agent_mismatch",
                          "This token belongs to another agent, or another valid token to this "
                          "agent; revoke that one if it is lost");
}

std::function<http::Response(const http::Request&)> guarded(
    std::function<http::Response(const http::Request&)> handler) {
    return [handler = std::move(handler)](const http::Request& request) {
        try {
            return handler(request);
        } catch (const store::DatabaseUnavailable& e) {
            kErrorsLog.warning("Database unavailable",
                               {{"request_id", request.request_id}, {"error", e.what()}});
            throw http::HttpError(503, "storage_unavailable",
                                  "The database cannot be reached; try again later", 5);
        } catch (const store::DatabaseError& e) {
            // Undefined table or schema: the first migration is still to come.
            if (e.sqlstate() == "42P01" || e.sqlstate() == "3F000") {
                throw http::HttpError(503, "storage_unavailable",
                                      "The database is being prepared; try again later", 5);
            }
            if (e.sqlstate() != store::sqlstate::kQueryCanceled) throw;
            throw http::HttpError(503, "query_timeout",
                                  "The query took too long; ask for a shorter range", 5);
        } catch (const store::DamagedRow& e) {
            kErrorsLog.error("Packed values are damaged",
                             {{"request_id", request.request_id}, {"error", e.what()}});
            throw http::HttpError(500, "damaged_data", e.what());
        }
    };
}

}  // namespace chorus::api
