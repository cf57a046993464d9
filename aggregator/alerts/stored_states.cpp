#include "aggregator/alerts/stored_states.h"

namespace chorus::alerts {

SubjectState state_of(const store::RuleStateRow& row) {
    SubjectState state;
    state.phase = row.phase == "firing"    ? Phase::firing
                  : row.phase == "pending" ? Phase::pending
                                           : Phase::ok;
    state.since = row.since;
    state.severity = store::severity_from_name(row.severity).value_or(Severity::info);
    state.clear_since = row.clear_since;
    state.fired_at = row.fired_at;
    state.resolved_at = row.resolved_at;
    state.flapping = row.flapping;
    state.stale = row.stale;
    return state;
}

store::RuleStateRow row_of(const Uuid& rule_id, const std::string& key, const SubjectState& state) {
    store::RuleStateRow row;
    row.rule_id = rule_id;
    row.subject = key;
    row.phase = to_string(state.phase);
    row.since = state.since;
    row.severity = store::to_string(state.severity);
    row.clear_since = state.clear_since;
    row.fired_at = state.fired_at;
    row.resolved_at = state.resolved_at;
    row.flapping = state.flapping;
    row.stale = state.stale;
    return row;
}

}  // namespace chorus::alerts
