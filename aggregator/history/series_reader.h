// The points of charts (GET /dashboard/metrics/series).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "aggregator/sealed/history_plan.h"
#include "common/timestamp.h"

namespace chorus::store {

// Whole seconds since 1970, rounded down.
inline std::int64_t to_unix_seconds(Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

struct SeriesQuery {
    std::string hostname;
    std::vector<std::string> metric_types;
    std::optional<std::string> label;  // nullopt = every label
    Timestamp start;                   // inclusive
    Timestamp end;                     // inclusive
    int max_points = 300;              // 1 to 5,000
};

// Columns as long as SeriesAnswer::times. NaN if a step has no sample.
struct SeriesColumn {
    std::string metric_type;
    std::string label;
    std::string tags_json;
    std::string unit;
    std::vector<double> average;
    std::vector<double> minimum;
    std::vector<double> maximum;
    std::string group{};
};

struct SeriesAnswer {
    std::int64_t step_seconds = 0;     // at least 1; steps start at multiples of it since 1970
    std::vector<std::int64_t> times;   // Unix seconds, start of each step
    std::vector<SeriesColumn> series;  // by metric_type, label, group
    Tier tier = Tier::raw;             // what the oldest days of the range are known by
};

// The smallest usual step (1, 2, 5, 10, 15, 30 s, 1, 2, 5, ... min, h, d) that gives at most
// max_points over the range, and is not below `least`.
std::int64_t step_seconds(Timestamp start, Timestamp end, int max_points, std::int64_t least = 1);

class SeriesReader {
  public:
    explicit SeriesReader(Database& database) : database_(database) {}

    // Average, least and greatest value of each step. Where the values themselves are gone, hours
    // or days count whole, and steps are at least as long. Damaged rows are left out; of a query
    // for one metric they throw DamagedRow. Throws DatabaseError.
    SeriesAnswer read(const SeriesQuery& query) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
