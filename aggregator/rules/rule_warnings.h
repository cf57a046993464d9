// What a rule asks for and nobody provides. It is no fault, because it may still come, but answers
// show it with the rule.
#pragma once

#include <vector>

#include "aggregator/alert_store/rule_store.h"
#include "aggregator/postgres/session.h"
#include "common/json/field_error.h"

namespace chorus::alerts {

// Turns the faults of unknown fields into warnings (field_ignored), for endpoints that ignore such
// fields.
void add_ignored(const FieldErrors& unknown, FieldErrors& warnings);

// The warnings of each rule, in their order, with the place below "body":
// - metric_unknown: a metric that is neither in the catalogue nor sent by a host since yesterday
// - field_ignored: a member that no condition has, in rules stored before such were refused
// Throws DatabaseError.
std::vector<FieldErrors> rule_warnings(store::Session& session,
                                       const std::vector<store::RuleRow>& rules);

}  // namespace chorus::alerts
