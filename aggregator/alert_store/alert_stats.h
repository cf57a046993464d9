// Counts of alerts (GET /alerts/stats).
#pragma once

#include <array>
#include <cstdint>

#include "aggregator/postgres/database.h"

namespace chorus::store {

struct AlertStats {
    // In the order critical, high, medium, low, info.
    using BySeverity = std::array<std::int64_t, 5>;

    std::int64_t total = 0;
    std::int64_t active = 0;
    std::int64_t acknowledged = 0;
    std::int64_t resolved = 0;
    std::int64_t suppressed = 0;
    BySeverity by_severity{};         // of every status
    BySeverity active_by_severity{};  // of status active
};

AlertStats read_alert_stats(Database& database);

}  // namespace chorus::store
