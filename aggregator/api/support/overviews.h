// Reads the figures of a host's state from the cache, or else from PostgreSQL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aggregator/api/support/context.h"
#include "aggregator/api/support/timings.h"
#include "aggregator/cache/overview.h"
#include "aggregator/history/latest_reader.h"

namespace chorus::api {

using cache::SystemOverview;
using cache::write_overview;

// The figures of those of these hosts that reported within a day, in their order.
std::vector<SystemOverview> read_overviews(Context& context,
                                           const std::vector<std::string>& hostnames,
                                           Timings& timings);
std::optional<SystemOverview> read_overview(Context& context, const std::string& hostname,
                                            Timings& timings);

// Figures of the aggregator's own machine, if an agent reports for it.
struct OwnSystem {
    std::optional<double> cpu_usage_percent;
    std::optional<double> memory_usage_percent;
    std::optional<double> memory_available_mb;
    std::optional<double> uptime_hours;
};
std::optional<OwnSystem> read_own_system(Context& context);

}  // namespace chorus::api
