// GET /api/v1/me: who asks, as the server sees them, so that a page can show it.
#include "aggregator/api/access/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/http/parameters.h"
#include "common/json_writer.h"

namespace chorus::api {

void add_me_routes(http::Router& router) {
    router.add({http::Method::get, "/api/v1/me", http::Role::viewer, http::BodyRule::none, 0,
                [](const http::Request& request) {
                    http::refuse_parameters(request);
                    JsonWriter out;
                    out.begin_object()
                        .field("name", request.principal.name)
                        .field("role", to_string(request.principal.role))
                        .field("token_id", request.principal.token_id)
                        .end_object();
                    http::Response response;
                    response.body = out.take();
                    return response;
                }});
}

}  // namespace chorus::api
