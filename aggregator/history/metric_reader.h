// Reads stored system metrics (GET /metrics/system).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// Where a page ended: the key of its last row.
struct SampleCursor {
    Timestamp time;
    std::int32_t host_id = 0;
    std::int32_t position = 0;
};

struct MetricQuery {
    std::optional<std::string> hostname;                    // exact
    std::optional<std::string> metric_type;                 // exact
    std::vector<std::pair<std::string, std::string>> tags;  // all must match
    std::optional<Timestamp> start;                         // inclusive
    std::optional<Timestamp> end;                           // inclusive
    bool ascending = false;                                 // by time
    std::int64_t limit = 100;  // 1 to 1,001 (one more tells that a next page exists)
    std::int64_t offset = 0;
    std::optional<SampleCursor> after;  // rows behind this one, in the order asked for
};

struct MetricRow {
    Uuid id;
    std::string hostname;
    std::string metric_type;
    double value = 0;
    std::string unit;   // empty = none
    std::string label;  // empty = whole host
    std::string tags_json;
    Timestamp time;
    Timestamp created_at;
    SampleCursor cursor;
};

class MetricReader {
  public:
    explicit MetricReader(Database& database) : database_(database) {}

    // Ordered by (time, host, position), newest first unless `ascending`.
    std::vector<MetricRow> find(const MetricQuery& query) const;
    // The number of matching rows, without limit, offset and cursor. Costs a scan.
    std::int64_t count(const MetricQuery& query) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
