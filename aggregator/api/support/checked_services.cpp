#include "aggregator/api/support/checked_services.h"

#include <algorithm>

#include "aggregator/api/support/timings.h"
#include "aggregator/health/service_monitor.h"

namespace chorus::api {
namespace {

CheckedService describe(const store::ServiceState& state, bool outdated) {
    CheckedService known{{state.service, state.endpoint, state.status, state.response_time_ms,
                          state.last_checked, state.error},
                         state.status_since,
                         state.certificate_expires,
                         {}};
    if (outdated) {
        known.health.status = "unknown";
        known.health.response_time_ms.reset();
        known.health.error_message = "Not checked since " + format_timestamp(state.last_checked);
        known.status_since.reset();
    }
    return known;
}

CheckedService describe(const health::Service& service, const store::ServiceState* state,
                        Timestamp now) {
    CheckedService known{{service.name, service.endpoint, "unknown"}, {}, {}, {}};
    if (state != nullptr && state->endpoint == service.endpoint) {
        known = describe(*state,
                         now - state->last_checked > 3 * service.interval + store::kCheckLateness);
    }
    known.type = to_string(service.protocol);
    known.interval_seconds = static_cast<double>(service.interval.count());
    return known;
}

CheckedService describe_agents(const store::ServiceState& state, Timestamp now) {
    CheckedService known = describe(state, state.agent->silent(now));
    known.type = state.endpoint.starts_with("https:") ? "https"
                 : state.endpoint.starts_with("tcp:") ? "tcp"
                                                      : "http";
    known.interval_seconds = state.agent->interval_seconds;
    known.hostname = state.agent->hostname;
    return known;
}

}  // namespace

std::vector<CheckedService> read_services(Context& context, Timings& timings) {
    std::vector<CheckedService> all;
    const store::ServiceReader reader{context.database};
    auto states = timings.db([&] { return reader.states(); });
    const Timestamp now = context.clock.now();
    for (const auto& service : context.health.services()) {
        const auto state = states.find(service.name);
        all.push_back(describe(service, state == states.end() ? nullptr : &state->second, now));
        states.erase(service.name);
    }
    std::vector<const store::ServiceState*> of_agents;
    for (const auto& [name, state] : states) {
        if (state.agent) of_agents.push_back(&state);
    }
    std::sort(of_agents.begin(), of_agents.end(),
              [](const auto* a, const auto* b) { return a->service < b->service; });
    for (const auto* state : of_agents) all.push_back(describe_agents(*state, now));
    return all;
}

}  // namespace chorus::api
