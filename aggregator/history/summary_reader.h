// Averages and bounds of each host's metrics (GET /dashboard/metrics/summary).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

class SummaryReader {
  public:
    explicit SummaryReader(Database& database) : database_(database) {}

    // Of one host or of all, from `since` on. By hostname, then metric_type. Throws DatabaseError.
    std::vector<MetricSummary> read(const std::optional<std::string>& hostname,
                                    Timestamp since) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
