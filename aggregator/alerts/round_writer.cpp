#include "aggregator/alerts/round_writer.h"

#include <algorithm>

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/alerts/self_monitoring.h"
#include "aggregator/alerts/stored_states.h"
#include "common/json_writer.h"

namespace chorus::alerts {
namespace {

using ProcessesByHost = std::unordered_map<std::int32_t, store::TopProcesses>;

// Hosts whose processes are looked up in one round; alerts of further ones are opened without.
constexpr std::size_t kMostHosts = 100;
constexpr std::chrono::hours kOldestProcessTable{26};

ProcessesByHost read_processes(store::Session& session, const RoundPlan& plan) {
    std::vector<std::int32_t> hosts;
    for (const auto& planned : plan.alerts) {
        if (hosts.size() >= kMostHosts) break;
        if (planned.host_id == 0) continue;
        if (std::find(hosts.begin(), hosts.end(), planned.host_id) == hosts.end()) {
            hosts.push_back(planned.host_id);
        }
    }
    return store::read_top_processes(session, hosts, plan.at - kOldestProcessTable);
}

const store::TopProcesses* find(const ProcessesByHost& processes, const PlannedAlert& planned) {
    const auto found = processes.find(planned.host_id);
    return found == processes.end() ? nullptr : &found->second;
}

// The planned alerts with their metadata, in the same order.
std::vector<store::NewAlert> with_metadata(const std::vector<PlannedAlert>& planned,
                                           const ProcessesByHost& processes) {
    std::vector<store::NewAlert> alerts;
    alerts.reserve(planned.size());
    for (const auto& one : planned) {
        alerts.push_back(one.alert);
        if (!one.metadata) continue;
        alerts.back().metadata_json =
            metadata_json(*one.metadata, find(processes, one), one.ranked_by);
    }
    return alerts;
}

std::string context_json(const store::TopProcesses& processes, store::Resource ranked_by) {
    JsonWriter out;
    store::write_context(out, processes, ranked_by);
    return out.take();
}

std::vector<CreatedAlert> open_planned(store::Session& session, const RoundPlan& plan) {
    const auto processes = read_processes(session, plan);
    const auto alerts = with_metadata(plan.alerts, processes);
    const auto opened = store::open_alerts(session, alerts, plan.at);
    std::vector<CreatedAlert> created;
    std::vector<store::AlertContextRow> contexts;
    for (std::size_t i = 0; i < opened.size(); ++i) {
        if (!opened[i].created) continue;
        created.push_back({opened[i].id, alerts[i].alert_type,
                           std::string(to_string(alerts[i].severity)), alerts[i].title});
        if (const auto* found = find(processes, plan.alerts[i])) {
            contexts.push_back({opened[i].id, context_json(*found, plan.alerts[i].ranked_by)});
        }
    }
    store::put_contexts(session, contexts, plan.at);
    return created;
}

}  // namespace

RoundMemory read_memory(store::Session& session, const store::EvaluationWatermark& watermark) {
    RoundMemory memory;
    memory.watermark = watermark;
    for (const auto& version : store::lock_rules(session)) {
        memory.versions.emplace(version.id, version.updated_at);
    }
    for (auto& alert : store::read_open_alerts(session, self_monitoring_alert_types())) {
        std::string fingerprint = alert.fingerprint;
        memory.open.emplace(std::move(fingerprint), std::move(alert));
    }
    for (auto& row : store::read_rule_states(session)) {
        memory.states[row.rule_id].emplace(row.subject, state_of(row));
    }
    return memory;
}

std::vector<CreatedAlert> write_round(store::Session& session, const RoundPlan& plan) {
    auto created = open_planned(session, plan);
    store::refresh_alerts(session, plan.refreshes, plan.at);
    auto changes = plan.resolutions;
    changes.insert(changes.end(), plan.inhibitions.begin(), plan.inhibitions.end());
    store::change_statuses(session, changes, plan.at);
    store::mark_stale(session, plan.stale_marks);
    store::write_rule_states(session, plan.states, plan.forgotten);
    store::write_rule_outcomes(session, plan.outcomes, plan.at);
    return created;
}

}  // namespace chorus::alerts
