// Values of the moment that a host may or may not have.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/collect/support/metric_sink.h"

namespace chorus::agent {

struct GaugeSeries {
    std::string_view metric_type;
    std::string_view unit;
};

// A value that was never there gives no series. A value that was there before and cannot be read
// now is kNoValue.
class Gauges {
  public:
    // `series` must outlive the object.
    explicit Gauges(std::span<const GaugeSeries> series) : series_(series), seen_(series.size()) {}

    // `now[i]` is the value of series i.
    void emit(std::span<const std::optional<double>> now, MetricSink& out);

  private:
    std::span<const GaugeSeries> series_;
    std::vector<bool> seen_;
};

// 100 * part / whole; nullopt if one of them is unknown or the whole is 0.
template <typename T>
std::optional<double> share_percent(std::optional<T> part, std::optional<T> whole) {
    if (!part || !whole || *whole == 0) return std::nullopt;
    return 100 * static_cast<double>(*part) / static_cast<double>(*whole);
}

// A number as a metric's value.
template <typename T>
std::optional<double> as_value(std::optional<T> number) {
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}

}  // namespace chorus::agent
