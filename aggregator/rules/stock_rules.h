// The rules that come with the program.
#pragma once

#include <vector>

#include "aggregator/alert_store/rule_store.h"

namespace chorus::alerts {

// Thresholds that an operator sets for the most common rules.
struct StockThresholds {
    double cpu_percent = 80;
    double memory_percent = 85;
    double disk_percent = 90;
};

// Every rule has a key that never changes. So it is made once per database: a rule that somebody
// deleted, renamed or changed stays as it is.
std::vector<store::StockRule> stock_rules(const StockThresholds& thresholds);

}  // namespace chorus::alerts
