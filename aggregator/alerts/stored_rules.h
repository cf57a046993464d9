// Turns stored rules into those of the evaluator, and states both ways.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aggregator/alert_store/rule_states.h"
#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/rule_input.h"

namespace chorus::alerts {

// A stored rule. `error` says why it cannot be evaluated: rows of the original service, or rows
// written by SQL.
struct StoredRule {
    store::RuleRow row;
    std::optional<Rule> rule;
    std::string error;
};
std::vector<StoredRule> read_rules(std::vector<store::RuleRow> rows, const RuleContext& context);

SubjectState state_of(const store::RuleStateRow& row);
store::RuleStateRow row_of(const Uuid& rule_id, const std::string& key, const SubjectState& state);

}  // namespace chorus::alerts
