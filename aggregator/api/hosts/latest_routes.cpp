// GET /api/v1/metrics/latest/{hostname} and /api/v1/system/...: what is true now.
#include "aggregator/api/hosts/routes.h"
#include "aggregator/api/support/context.h"
#include "aggregator/api/support/errors.h"
#include "aggregator/api/support/json_answer.h"
#include "aggregator/api/support/overviews.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/cache/cache_reader.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/latest_reader.h"
#include "aggregator/http/parameters.h"

namespace chorus::api {
namespace {

std::vector<cache::LatestMetric> latest_from_store(Context& context, const std::string& hostname,
                                                   Timings& timings) {
    const store::HostReader hosts{context.database, context.clock};
    if (!timings.db([&] { return hosts.find(hostname); })) host_not_found();
    const store::LatestReader reader{context.database};
    const auto batch = timings.db([&] { return reader.of(hostname); });
    if (!batch) return {};
    std::vector<cache::LatestValue> values;
    for (std::size_t i = 0; i < batch->layout->size(); ++i) {
        const store::LayoutEntry& entry = (*batch->layout)[i];
        values.push_back(
            {entry.metric_type, entry.label, entry.unit, entry.tags_json, batch->values[i]});
    }
    return cache::make_latest(values, batch->time);
}

http::Response latest(Context& context, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const std::string hostname = p.path_hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const auto cached = timings.redis([&] { return context.cache.latest(hostname); });
    const bool hit = cached && !cached->empty();
    const auto metrics = hit ? *cached : latest_from_store(context, hostname, timings);
    JsonWriter out;
    out.begin_object().field("hostname", hostname).key("metrics").begin_object();
    for (const auto& metric : metrics) out.key(metric.metric_type).raw(metric.json);
    out.end_object().field("timestamp", context.clock.now()).end_object();
    http::Response response = json_response(out);
    response.with("X-Cache", hit ? "hit" : cached ? "miss" : "bypass");
    timings.add_to(response);
    return response;
}

// Without a name: the aggregator's own machine if it reports, else the host heard of last.
std::string chosen_host(Context& context, const std::optional<std::string>& asked,
                        Timings& timings) {
    const store::HostReader hosts{context.database, context.clock};
    if (asked) {
        if (!timings.db([&] { return hosts.find(*asked); })) host_not_found();
        return *asked;
    }
    const auto own = timings.db([&] { return hosts.find(context.own_hostname); });
    if (own && own->status != store::HostStatus::down) return own->hostname;
    const auto last = timings.db([&] { return hosts.last_seen(); });
    if (!last) host_not_found();
    return last->hostname;
}

http::Response overview(Context& context, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const auto asked = p.hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const std::string hostname = chosen_host(context, asked, timings);
    const auto overview = read_overview(context, hostname, timings);
    if (!overview) host_not_found();
    JsonWriter out;
    write_overview(out, *overview);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_latest_routes(http::Router& router, Context& context) {
    router.add({http::Method::get, "/api/v1/metrics/latest/{hostname}", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&context](const http::Request& request) {
                    return latest(context, request);
                })});
    router.add(
        {http::Method::get, "/api/v1/system/overview", http::Role::viewer, http::BodyRule::none, 0,
         guarded([&context](const http::Request& request) { return overview(context, request); })});
}

}  // namespace chorus::api
