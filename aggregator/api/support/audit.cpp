#include "aggregator/api/support/audit.h"

#include "aggregator/access/audit_log.h"
#include "aggregator/http/response.h"

namespace chorus::api {

std::string acting_name(const http::Request& request, std::string_view field,
                        const std::optional<std::string>& given) {
    const auto& principal = request.principal;
    if (!given || *given == principal.name) return principal.name;
    if (!principal.token_id || principal.role >= http::Role::admin) return *given;
    throw http::HttpError(403, "forbidden",
                          std::string(field) + " must be the name of your token, or be left out");
}

void audit(store::Session& session, const http::Request& request, std::string_view action,
           std::string_view object_type, std::string_view object_id, std::string_view detail_json) {
    store::write_audit(session, {.actor = request.principal.name,
                                 .token_id = request.principal.token_id,
                                 .action = std::string(action),
                                 .object_type = std::string(object_type),
                                 .object_id = std::string(object_id),
                                 .client_ip = request.client_ip,
                                 .request_id = request.request_id,
                                 .detail_json = std::string(detail_json)});
}

}  // namespace chorus::api
