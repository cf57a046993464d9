#include "agent/collect/support/gauges.h"

namespace chorus::agent {

void Gauges::emit(std::span<const std::optional<double>> now, MetricSink& out) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
        seen_[i] = seen_[i] || now[i];
        if (seen_[i]) out.add(series_[i].metric_type, series_[i].unit, now[i].value_or(kNoValue));
    }
}

}  // namespace chorus::agent
