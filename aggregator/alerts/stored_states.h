// Turns states of subjects into stored rows, and back.
#pragma once

#include <string>

#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/subject_state.h"

namespace chorus::alerts {

SubjectState state_of(const store::RuleStateRow& row);
store::RuleStateRow row_of(const Uuid& rule_id, const std::string& key, const SubjectState& state);

}  // namespace chorus::alerts
