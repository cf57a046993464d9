// Where collectors put their values.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "common/batch.h"

namespace chorus::agent {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// Fills a batch's layout and values in place, so that a layout that stays the same from cycle to
// cycle allocates nothing.
class MetricSink {
  public:
    // Without `extended` the metrics few people look at are left out: is_extended_metric().
    MetricSink(std::vector<SeriesKey>& layout, std::vector<double>& values, bool extended = true)
        : layout_(layout), values_(values), extended_(extended) {
        values_.clear();
    }

    // kNoValue = could not be read. A label longer than limits::kLabelBytes and series above
    // limits::kSeriesPerBatch are left out: the aggregator would refuse the whole batch.
    void add(std::string_view metric_type, std::string_view label, std::string_view unit,
             double value);
    void add(std::string_view metric_type, std::string_view unit, double value) {
        add(metric_type, {}, unit, value);
    }
    // Cuts off what an earlier cycle had more.
    void finish() { layout_.resize(values_.size()); }

  private:
    std::vector<SeriesKey>& layout_;
    std::vector<double>& values_;
    bool extended_;
};

// Whether a metric is sent only if the setting extended-metrics asks for it.
bool is_extended_metric(std::string_view metric_type);

}  // namespace chorus::agent
