// Adds up the points of a chart.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "aggregator/history/series_reader.h"
#include "aggregator/sealed/series_codec.h"
#include "common/timestamp.h"

namespace chorus::store {

class ChartBuckets {
  public:
    // The column of these, a new one if there is none.
    std::size_t column(std::string_view metric_type, std::string_view label,
                       std::string_view group = {});
    SeriesColumn& operator[](std::size_t column) { return columns_[column]; }
    std::size_t columns() const { return columns_.size(); }

    // Before anything is added. Both ends are included.
    void set_steps(Timestamp start, Timestamp end, std::int64_t step_seconds);
    std::size_t points() const { return answer_.times.size(); }
    std::int64_t step_seconds() const { return answer_.step_seconds; }
    std::int64_t bucket_of(Timestamp time) const;  // steps since 1970
    // What is outside the range does not count.
    void add(std::size_t column, std::int64_t bucket, const HourRollup& values);

    // The columns that have a value, by metric, label and group. With `topk`, those of the greatest
    // means of each metric alone.
    SeriesAnswer finish(std::size_t topk = 0);

  private:
    // `known` has means and columns.
    void leave_greatest(std::vector<std::pair<double, std::size_t>>& known, std::size_t topk) const;

    SeriesAnswer answer_;
    std::int64_t first_ = 0;  // bucket
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> numbers_;
    std::vector<SeriesColumn> columns_;
    std::vector<std::vector<HourRollup>> buckets_;  // by column
};

}  // namespace chorus::store
