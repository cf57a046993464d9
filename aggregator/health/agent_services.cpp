#include "aggregator/health/agent_services.h"

#include <chrono>
#include <vector>

#include "aggregator/cache/service_health.h"
#include "aggregator/schema/lease.h"
#include "aggregator/service_store/service_alerts.h"
#include "common/log.h"

namespace chorus::health {
namespace {

constexpr Logger kAgentServicesLog{"health"};

store::ServiceCheck check_of(const store::ServiceState& state) {
    store::ServiceCheck check;
    check.service = state.service;
    check.endpoint = state.endpoint;
    check.time = state.last_checked;
    check.status = service_status_from_name(state.status).value_or(ServiceStatus::unhealthy);
    check.response_time_ms = state.response_time_ms;
    check.error = state.error.value_or("");
    return check;
}

}  // namespace

void AgentServices::round(std::int64_t epoch) {
    const auto states = store::ServiceReader{database_}.states();
    const Timestamp now = clock_.now();
    std::vector<std::string> names;
    std::vector<const store::ServiceState*> news;
    std::vector<store::ServiceCheck> checks;
    std::unordered_map<std::string, Timestamp> heard;
    for (const auto& [name, state] : states) {
        if (!state.agent) continue;
        names.push_back(name);
        heard.emplace(name, state.agent->heard_at);
        const auto told = told_.find(name);
        const bool known = told != told_.end() && told->second == state.agent->heard_at;
        if (known || state.agent->silent(now)) continue;
        news.push_back(&state);
        checks.push_back(check_of(state));
    }
    if (names.empty() && !any_alerts_) return;
    {
        const auto lease = database_.acquire();
        store::Transaction transaction{*lease};
        store::hold_leadership(*lease, epoch);
        store::update_probe_alerts(*lease, store::CheckedBy::agents, checks, names, now);
        transaction.commit();
    }
    any_alerts_ = !names.empty();
    const bool full = names.size() >= static_cast<std::size_t>(store::kServicesOfAgents);
    if (full && !full_) {
        kAgentServicesLog.warning(
            "Agents check as many services as are kept; new ones are left out",
            {{"services", names.size()}});
    }
    full_ = full;
    told_ = std::move(heard);
    tell(news);
}

void AgentServices::tell(const std::vector<const store::ServiceState*>& news) {
    std::vector<cache::CacheEntry> entries;
    for (const store::ServiceState* state : news) {
        JsonWriter out;
        cache::write_service_health(
            out, {state->service, state->endpoint, state->status, state->response_time_ms,
                  state->last_checked, state->error});
        const std::chrono::duration<double> interval{state->agent->interval_seconds};
        entries.push_back(
            {cache::service_health_key(state->service), out.take(),
             3 * std::chrono::ceil<std::chrono::seconds>(interval) + std::chrono::seconds{30}});
    }
    if (!entries.empty()) cache_.write(entries);
}

}  // namespace chorus::health
