// GET /api/v1/hosts and /api/v1/hosts/{hostname}.
#include "aggregator/api/hosts/host_input.h"
#include "aggregator/api/hosts/host_json.h"
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/list_query.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/http/parameters.h"
#include "common/batch/batch.h"

namespace chorus::api {
namespace {

constexpr std::size_t kLabelBytes = 63 + 1 + 255;  // NAME=VALUE

http::Response list_hosts(Context& context, const http::Request& request) {
    http::Parameters p{request};
    store::HostQuery query;
    query.statuses = read_choices(p, "status", store::kHostStatuses);
    query.labels = p.pairs("label", kLabelBytes, kMostLabels);
    query.text = p.text("q", limits::kHostnameBytes);
    p.throw_if_bad();
    Timings timings;
    const store::HostReader reader{context.database, context.clock};
    const auto hosts = timings.db([&] { return reader.list(query); });
    JsonWriter out;
    out.begin_array();
    for (const auto& host : hosts) write_host(out, host);
    out.end_array();
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

http::Response one_host(Context& context, const http::Request& request) {
    http::Parameters p{request};
    const std::string hostname = p.path_hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const store::HostReader reader{context.database, context.clock};
    const auto host = timings.db([&] { return reader.find(hostname); });
    if (!host) host_not_found();
    JsonWriter out;
    write_host(out, *host);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_host_routes(http::Router& router, Context& context) {
    router.add({http::Method::get, "/api/v1/hosts", http::Role::viewer, http::BodyRule::none, 0,
                guarded([&context](const http::Request& request) {
                    return list_hosts(context, request);
                })});
    router.add(
        {http::Method::get, "/api/v1/hosts/{hostname}", http::Role::viewer, http::BodyRule::none, 0,
         guarded([&context](const http::Request& request) { return one_host(context, request); })});
}

}  // namespace chorus::api
