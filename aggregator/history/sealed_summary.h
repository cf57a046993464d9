// Sums and bounds of the whole-host metrics, out of the days that have moved.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "aggregator/history/hot_sums.h"
#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

// Adds the batches that were both measured and received at `since` or later, of one host or all.
// Days and hours that lie whole behind `since` come from their rollups. `days` has all moved days
// from `since` on. To be called in a HistorySnapshot. Damaged rows are left out. Throws
// DatabaseError.
void add_sealed_days(HostSums& sums, Session& session, std::optional<std::int32_t> host_id,
                     Timestamp since, const std::vector<std::chrono::sys_days>& days);

}  // namespace chorus::store
