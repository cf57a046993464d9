#include "planned_rounds.h"

#include <algorithm>

#include "aggregator/alerts/stored_states.h"

namespace chorus::alerts::build {

Uuid PlannedRounds::next_id() {
    Uuid id{};
    id.bytes[0] = ++ids_;
    return id;
}

Uuid PlannedRounds::add(Rule rule) {
    rule.id = next_id();
    StoredRule stored;
    stored.row.id = rule.id;
    stored.row.name = rule.name;
    stored.row.updated_at = at(-60);
    stored.rule = std::move(rule);
    memory.versions.emplace(stored.row.id, stored.row.updated_at);
    rules.push_back(std::move(stored));
    return rules.back().row.id;
}

Uuid PlannedRounds::add_broken(const std::string& name, const std::string& error) {
    Rule rule = system_rule();
    rule.name = name;
    const Uuid id = add(rule);
    stored(id).rule.reset();
    stored(id).error = error;
    return id;
}

StoredRule& PlannedRounds::stored(const Uuid& rule) {
    return *std::find_if(rules.begin(), rules.end(),
                         [&](const StoredRule& one) { return one.row.id == rule; });
}

RoundPlan PlannedRounds::plan(double minute) const {
    return plan_round(fleet.snapshot(), rules, memory, at(minute), options);
}

RoundPlan PlannedRounds::round(double minute) {
    auto made = plan(minute);
    remember(made);
    return made;
}

const store::OpenAlert* PlannedRounds::open(const std::string& alert_type,
                                            const std::string& hostname) const {
    for (const auto& [fingerprint, alert] : memory.open) {
        if (alert.alert_type != alert_type) continue;
        if (hostname.empty() || alert.hostname == hostname) return &alert;
    }
    return nullptr;
}

void PlannedRounds::remember(const RoundPlan& plan) {
    memory.watermark = plan.watermark;
    for (const auto& planned : plan.alerts) remember_alert(planned, plan.at);
    change(plan.resolutions);
    change(plan.inhibitions);
    for (const auto& mark : plan.stale_marks) {
        for (auto& [fingerprint, alert] : memory.open) {
            if (alert.id == mark.alert_id) alert.stale = mark.stale;
        }
    }
    for (const auto& row : plan.states) memory.states[row.rule_id][row.subject] = state_of(row);
    for (const auto& key : plan.forgotten) memory.states[key.rule_id].erase(key.subject);
}

void PlannedRounds::remember_alert(const PlannedAlert& planned, Timestamp at) {
    auto& open = memory.open[planned.alert.fingerprint];
    const bool fresh = open.fingerprint.empty();
    if (!fresh) return;
    open.id = next_id();
    open.rule_id = planned.alert.rule_id;
    open.alert_type = planned.alert.alert_type;
    open.fingerprint = planned.alert.fingerprint;
    open.source = planned.alert.source;
    open.hostname = planned.alert.hostname;
    open.suppressed_by = planned.alert.suppressed_by;
    open.status = open.suppressed_by ? store::AlertStatus::suppressed : store::AlertStatus::active;
    open.created_at = at;
    if (!planned.metadata) return;
    const auto& fired = std::get<FiringFacts>(planned.metadata->fired);
    open.fired_json = R"({"text":"as stored"})";
    open.fired_text = fired.text;
    if (planned.host_id != 0) open.top_processes_json = R"(["as stored"])";
}

void PlannedRounds::change(const std::vector<store::StatusChange>& changes) {
    for (const auto& change : changes) {
        const auto found =
            std::find_if(memory.open.begin(), memory.open.end(),
                         [&](const auto& one) { return one.second.id == change.alert_id; });
        ASSERT_NE(found, memory.open.end()) << "only open alerts change";
        found->second.status = change.to;
        found->second.suppressed_by = change.suppressed_by;
        if (change.to == store::AlertStatus::resolved) memory.open.erase(found);
    }
}

}  // namespace chorus::alerts::build
