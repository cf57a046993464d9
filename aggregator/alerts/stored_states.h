// Turns states of subjects into rows of monitoring.alert_rule_states, and back. Pure functions.
#pragma once

#include <string>

#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/subject_state.h"

namespace chorus::alerts {

// A phase or severity that is not known counts as ok or info.
SubjectState state_of(const store::RuleStateRow& row);
// `key` is Subject::key().
store::RuleStateRow row_of(const Uuid& rule_id, const std::string& key, const SubjectState& state);

}  // namespace chorus::alerts
