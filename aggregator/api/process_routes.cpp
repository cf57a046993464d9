// GET /api/v1/processes/series: one process over time.
#include "aggregator/api/routes.h"
#include "aggregator/api/series_support.h"
#include "aggregator/api/support.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/process_history.h"

namespace chorus::api {
namespace {

http::Response process_series(Services& services, const http::Request& request) {
    http::Parameters p{request};
    const auto hostname = p.hostname("hostname");
    if (!hostname) p.fault(http::error_missing({std::string("query"), std::string("hostname")}));
    const auto process_id = p.optional_integer("process_id", 1, 2'147'483'647);
    if (!process_id) {
        p.fault(http::error_missing({std::string("query"), std::string("process_id")}));
    }
    store::ProcessHistoryQuery query;
    query.started_at = p.timestamp("started_at");
    const SeriesRange range = read_series_range(p, services.clock.now());
    p.throw_if_bad();
    query.hostname = *hostname;
    query.process_id = static_cast<std::int32_t>(*process_id);
    query.start = range.start;
    query.end = range.end;
    query.max_points = range.max_points;

    Timings timings;
    const store::HostReader hosts{services.database, services.clock};
    if (!timings.db([&] { return hosts.find(query.hostname); })) {
        throw http::HttpError(404, "host_not_found", "Host not found");
    }
    const store::ProcessHistoryReader reader{services.database};
    const auto answer = timings.db([&] { return reader.read(query); });
    if (!answer) {
        throw http::HttpError(404, "process_not_found", "No such process is stored for that host");
    }
    JsonWriter out;
    write_series(out, *answer);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_process_routes(http::Router& router, Services& services) {
    router.add({http::Method::get, "/api/v1/processes/series", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&services](const http::Request& request) {
                    return process_series(services, request);
                })});
}

}  // namespace chorus::api
