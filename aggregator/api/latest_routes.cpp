// GET /api/v1/metrics/latest/{hostname} and /api/v1/system/...: what is true now.
#include "aggregator/api/host_json.h"
#include "aggregator/api/overview_source.h"
#include "aggregator/api/routes.h"
#include "aggregator/api/support.h"
#include "aggregator/cache/cache_reader.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/latest_reader.h"

namespace chorus::api {
namespace {

std::vector<cache::LatestMetric> latest_from_store(Services& services, const std::string& hostname,
                                                   Timings& timings) {
    const store::HostReader hosts{services.database, services.clock};
    if (!timings.db([&] { return hosts.find(hostname); })) host_not_found();
    const store::LatestReader reader{services.database};
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

http::Response latest(Services& services, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const std::string hostname = p.path_hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const auto cached = timings.redis([&] { return services.cache.latest(hostname); });
    const bool hit = cached && !cached->empty();
    const auto metrics = hit ? *cached : latest_from_store(services, hostname, timings);
    JsonWriter out;
    out.begin_object().field("hostname", hostname).key("metrics").begin_object();
    for (const auto& metric : metrics) out.key(metric.metric_type).raw(metric.json);
    out.end_object().field("timestamp", services.clock.now()).end_object();
    http::Response response = json_response(out);
    response.with("X-Cache", hit ? "hit" : cached ? "miss" : "bypass");
    timings.add_to(response);
    return response;
}

// Without a name: the aggregator's own machine if it reports, else the host heard of last.
std::string chosen_host(Services& services, const std::optional<std::string>& asked,
                        Timings& timings) {
    const store::HostReader hosts{services.database, services.clock};
    if (asked) {
        if (!timings.db([&] { return hosts.find(*asked); })) host_not_found();
        return *asked;
    }
    const auto own = timings.db([&] { return hosts.find(services.own_hostname); });
    if (own && own->status != store::HostStatus::down) return own->hostname;
    const auto last = timings.db([&] { return hosts.last_seen(); });
    if (!last) host_not_found();
    return last->hostname;
}

http::Response overview(Services& services, const http::Request& request) {
    http::Parameters p{request, http::Unknown::ignored};
    const auto asked = p.hostname("hostname");
    p.throw_if_bad();
    Timings timings;
    const std::string hostname = chosen_host(services, asked, timings);
    const auto overview = read_overview(services, hostname, timings);
    if (!overview) host_not_found();
    JsonWriter out;
    write_overview(out, *overview);
    http::Response response = json_response(out);
    timings.add_to(response);
    return response;
}

}  // namespace

void add_latest_routes(http::Router& router, Services& services) {
    router.add({http::Method::get, "/api/v1/metrics/latest/{hostname}", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&services](const http::Request& request) {
                    return latest(services, request);
                })});
    router.add({http::Method::get, "/api/v1/system/overview", http::Role::viewer,
                http::BodyRule::none, 0, guarded([&services](const http::Request& request) {
                    return overview(services, request);
                })});
}

}  // namespace chorus::api
