// Series of many hosts over time (GET /dashboard/metrics/series without one host name).
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/history/series_reader.h"
#include "aggregator/postgres/database.h"
#include "common/timestamp.h"

namespace chorus::store {

enum class GroupBy {
    host,
    host_label,  // the hosts that have the same value of a label
    nothing,     // all hosts are one
};

struct FleetQuery {
    std::string host_glob = "*";
    std::vector<std::pair<std::string, std::string>> host_labels{};  // all of them
    std::vector<std::string> metric_types{};
    std::optional<std::string> label{};  // of the metric; nullopt = every one, each by itself
    Timestamp start;                     // inclusive
    Timestamp end;                       // inclusive
    int max_points = 300;                // 1 to 5,000
    GroupBy group_by = GroupBy::host;
    std::string group_label{};
    std::size_t topk = 0;  // of each metric, this many series of the greatest means; 0 = all
};

// More than kMostBuckets values would have to be answered, or ten times as many to be compared.
struct TooManyBuckets : std::runtime_error {
    using std::runtime_error::runtime_error;
};
inline constexpr std::size_t kMostBuckets = 200'000;  // steps of all series

class FleetSeriesReader {
  public:
    explicit FleetSeriesReader(Database& database) : database_(database) {}

    // Average, least and greatest value of each step over all samples of a group's hosts. Throws
    // TooManyBuckets; DatabaseError, also if it takes longer than AnswerTime.
    SeriesAnswer read(const FleetQuery& query) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
