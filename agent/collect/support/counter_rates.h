// Rates of a fixed list of counters that stand in one file.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/collect/support/metric_sink.h"
#include "agent/collect/support/rate.h"

namespace chorus::agent {

// How a counter becomes a metric.
struct RateSeries {
    std::string_view metric_type;
    std::string_view unit;
    double factor = 1;       // of one count, in the metric's unit
    bool per_second = true;  // false: the growth between two samples itself
    double most = std::numeric_limits<double>::infinity();  // two clocks may disagree a little
};

using Counter = std::optional<std::uint64_t>;

// A counter that the kernel does not have gives no series. A counter that was there before and
// cannot be read now gives kNoValue.
class CounterRates {
  public:
    // `series` must outlive the object. After a gap of more than three intervals two samples are
    // not compared.
    CounterRates(std::span<const RateSeries> series, std::chrono::nanoseconds interval)
        : series_(series), gap_(interval), before_(series.size()), seen_(series.size()) {}

    // `now[i]` is the counter of series i, read at `at`.
    void emit(std::chrono::nanoseconds at, std::span<const Counter> now, MetricSink& out);
    // The file could not be read.
    void emit_unknown(MetricSink& out);

  private:
    std::span<const RateSeries> series_;
    SampleGap gap_;
    std::vector<Counter> before_;
    std::vector<bool> seen_;
};

}  // namespace chorus::agent
