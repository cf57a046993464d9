// Turns stored rules into those of the evaluator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aggregator/alert_store/rule_states.h"
#include "aggregator/rules/rule_input.h"

namespace chorus::alerts {

// A stored rule. `error` says why it cannot be evaluated: rows of the original service, or rows
// written by SQL.
struct StoredRule {
    store::RuleRow row;
    std::optional<Rule> rule;
    std::string error;
};
std::vector<StoredRule> read_rules(std::vector<store::RuleRow> rows, const RuleContext& context);

}  // namespace chorus::alerts
