#include "agent/collect/support/counter_rates.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace chorus::agent {

void CounterRates::emit(std::chrono::nanoseconds at, std::span<const Counter> now,
                        MetricSink& out) {
    const auto seconds = gap_.step(at);
    for (std::size_t i = 0; i < series_.size(); ++i) {
        const auto before = std::exchange(before_[i], now[i]);
        seen_[i] = seen_[i] || now[i];
        if (!seen_[i]) continue;
        double value = kNoValue;
        if (before && now[i] && !std::isnan(per_second(*before, *now[i], seconds))) {
            value = series_[i].factor * static_cast<double>(*now[i] - *before);
            if (series_[i].per_second) value /= *seconds;
            value = std::min(value, series_[i].most);
        }
        out.add(series_[i].metric_type, series_[i].unit, value);
    }
}

void CounterRates::emit_unknown(MetricSink& out) {
    gap_.forget();
    for (std::size_t i = 0; i < series_.size(); ++i) {
        before_[i].reset();
        if (seen_[i]) out.add(series_[i].metric_type, series_[i].unit, kNoValue);
    }
}

}  // namespace chorus::agent
