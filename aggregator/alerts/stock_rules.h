// The rules that come with the program.
#pragma once

#include <vector>

#include "aggregator/alert_store/rule_store.h"

namespace chorus::alerts {

// What an operator sets for the rules everybody wants.
struct StockThresholds {
    double cpu_percent = 80;
    double memory_percent = 85;
    double disk_percent = 90;
};

// Every rule has a key that never changes, so that it is made once per database: a rule that
// somebody deleted, renamed or changed stays as it was left.
std::vector<store::StockRule> stock_rules(const StockThresholds& thresholds);

}  // namespace chorus::alerts
