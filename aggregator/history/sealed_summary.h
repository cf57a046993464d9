// Sums and bounds of the whole-host metrics, out of the days that have moved.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

// One element for each host and metric that has a sample. The vectors are equally long.
struct SealedSummary {
    std::vector<std::int32_t> host_ids;
    std::vector<std::string> metric_types;
    std::vector<double> sums;
    std::vector<double> minima;
    std::vector<double> maxima;
    std::vector<std::int64_t> counts;
};

// Of the batches that were both measured and received at `since` or later, of one host or all.
// Hours that lie whole behind `since` come from their rollups. `days` has all moved days from
// `since` on. To be called in a HistorySnapshot. Throws DatabaseError; std::runtime_error if a row
// is damaged.
SealedSummary read_sealed_summary(Session& session, std::optional<std::int32_t> host_id,
                                  Timestamp since, const std::vector<std::chrono::sys_days>& days);

}  // namespace chorus::store
