// Reads the newest batch of each host, for /metrics/latest and the overview if the cache is away or
// empty.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

struct LayoutEntry {
    std::int32_t position = 0;  // from 1
    std::string metric_type;
    std::string label;
    std::string unit;
    std::string tags_json;
};
using Layout = std::vector<LayoutEntry>;  // by position

struct LatestBatch {
    std::int32_t host_id = 0;
    std::string hostname;
    Timestamp time;
    Timestamp received_at;
    std::shared_ptr<const Layout> layout;       // shared by hosts of one kind
    std::vector<double> values;                 // as long as the layout; NaN = could not be read
    std::optional<std::int64_t> process_count;  // of the newest process table

    // The value of a metric of the whole host (label ""). nullopt if it is absent or unknown.
    std::optional<double> value(std::string_view metric_type) const;
};

class LatestReader {
  public:
    explicit LatestReader(Database& database) : database_(database) {}

    // Batches not older than `max_age`, by hostname.
    std::vector<LatestBatch> all(std::chrono::seconds max_age = std::chrono::hours{24}) const;
    std::optional<LatestBatch> of(const std::string& hostname,
                                  std::chrono::seconds max_age = std::chrono::hours{24}) const;

  private:
    std::vector<LatestBatch> read(const std::optional<std::string>& hostname,
                                  std::chrono::seconds max_age) const;

    Database& database_;
};

}  // namespace chorus::store
