// evaluate() of rules over processes, and what it shares with the other rules.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "aggregator/alerts/evaluate.h"

namespace chorus::alerts {

// The limit with the host's own threshold, which is found by the rule's name or else by what the
// rule measures. nullopt if the host has none.
std::optional<Limit> own_limit(const Host& host, const Rule& rule, const Limit& limit,
                               std::string_view metric);

// evaluate() of a process_metric rule. Marks in `reporting` the hosts that have a process table
// within the window.
void evaluate_processes(const Rule& rule, const ProcessMetricCondition& condition,
                        const Snapshot& snapshot, Timestamp now, const Visitor& visit,
                        std::vector<bool>& reporting);

}  // namespace chorus::alerts
