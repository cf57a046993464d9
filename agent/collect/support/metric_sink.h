// Where collectors put their values.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::agent {

inline constexpr std::string_view kLeftOutMetric = "agent_left_out_count";
inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// Fills a batch's layout and values in place. So a layout that stays the same from cycle to cycle
// allocates nothing. Aggregators take every layout that it makes: no label costs a batch.
class MetricSink {
  public:
    // Room that is kept for series without a label and for those of the agent itself.
    static constexpr std::size_t kReserved = 300;

    // Without `extended` the metrics for which is_extended_metric() holds are left out.
    MetricSink(std::vector<SeriesKey>& layout, std::vector<double>& values, bool extended = true)
        : layout_(layout), values_(values), extended_(extended) {
        values_.clear();
    }

    // kNoValue = could not be read. A label that is no plain_name() is turned into one. A second
    // series with the same name and label gets a number ("eth0#2"). Series above
    // limits::kSeriesPerBatch are left out.
    void add(std::string_view metric_type, std::string_view label, std::string_view unit,
             double value);
    void add(std::string_view metric_type, std::string_view unit, double value) {
        add(metric_type, {}, unit, value);
    }
    // Notes that `count` instances of a source ("interfaces") were left out, because there were too
    // many.
    void left_out(std::string_view source, std::size_t count);
    // Adds the series of another sink, with its count of changed labels.
    void add_all(const std::vector<SeriesKey>& layout, const std::vector<double>& values,
                 std::size_t relabelled);
    // Removes the series at the end that an earlier cycle had and this one has not.
    void finish() { layout_.resize(values_.size()); }

    // So far: series whose label was changed, and series that found no room.
    std::size_t relabelled() const { return relabelled_; }
    std::size_t without_room() const { return without_room_; }

  private:
    std::string_view make_plain(std::string_view label);
    std::string_view make_unique(std::string_view metric_type, std::string_view label);

    std::vector<SeriesKey>& layout_;
    std::vector<double>& values_;
    bool extended_;
    // While the layout is the same as in the last cycle, it has no doubles.
    bool as_before_ = true;
    std::unordered_set<std::string> names_;  // of all series, once it is not
    std::string plain_, unique_;
    std::size_t relabelled_ = 0, without_room_ = 0;
};

// Whether a metric is sent only if the setting extended-metrics asks for it.
bool is_extended_metric(std::string_view metric_type);

}  // namespace chorus::agent
