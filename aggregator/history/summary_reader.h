// Averages and bounds of each host's metrics (GET /dashboard/metrics/summary).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/history/hot_sums.h"
#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

// One line of the summary; metrics of the whole host only (label "").
struct MetricSummary {
    std::string hostname;
    std::string metric_type;
    double average = 0;
    double maximum = 0;
    double minimum = 0;
    std::int64_t count = 0;
};

// Any number of threads. Keeps what it has added up: make one, not one a request.
class SummaryReader {
  public:
    // About so many figures are kept.
    explicit SummaryReader(Database& database, std::size_t most_kept = HotSums::kMostKept)
        : database_(database), hot_(most_kept) {}

    // Of one host or of all, from `since` on. By hostname, then metric_type. Throws DatabaseError.
    std::vector<MetricSummary> read(const std::optional<std::string>& hostname, Timestamp since);

  private:
    Database& database_;
    HotSums hot_;
};

}  // namespace chorus::store
