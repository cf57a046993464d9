#include "aggregator/api/service_source.h"

#include "aggregator/health/service_monitor.h"

namespace chorus::api {
namespace {

// Beside three intervals: a check may take as long as its timeout.
constexpr std::chrono::seconds kLateness{90};

CheckedService describe(const health::Service& service, const store::ServiceState& state,
                        Timestamp now) {
    CheckedService known{{service.name, service.endpoint, state.status, state.response_time_ms,
                          state.last_checked, state.error},
                         state.status_since,
                         state.certificate_expires};
    if (now - state.last_checked > 3 * service.interval + kLateness) {
        known.health.status = "unknown";
        known.health.response_time_ms.reset();
        known.health.error_message = "Not checked since " + format_timestamp(state.last_checked);
        known.status_since.reset();
    }
    return known;
}

}  // namespace

std::vector<CheckedService> read_services(Services& services, Timings& timings) {
    std::vector<CheckedService> all;
    const auto& configured = services.health.services();
    if (configured.empty()) return all;
    const store::ServiceReader reader{services.database};
    const auto states = timings.db([&] { return reader.states(); });
    for (const auto& service : configured) {
        const auto state = states.find(service.name);
        if (state == states.end() || state->second.endpoint != service.endpoint) {
            all.push_back({{service.name, service.endpoint, "unknown"}, {}, {}});
        } else {
            all.push_back(describe(service, state->second, services.clock.now()));
        }
    }
    return all;
}

}  // namespace chorus::api
