#include "agent/collect/metric_sink.h"

#include <cmath>
#include <string>

namespace chorus::agent {
namespace {

// Shares and rates come from ticks, milliseconds and page counts: what is behind the fourth decimal
// is noise that does not compress.
double round_derived(double value) {
    return std::round(value * 1e4) / 1e4;
}
bool is_derived(std::string_view unit) {
    return unit == "percent" || unit.ends_with("per_sec");
}

}  // namespace

void MetricSink::add(std::string_view metric_type, std::string_view label, std::string_view unit,
                     double value) {
    const std::size_t at = values_.size();
    if (label.size() > limits::kLabelBytes || at >= limits::kSeriesPerBatch) return;
    if (at == layout_.size()) {
        layout_.push_back({std::string(metric_type), std::string(label), std::string(unit)});
    } else {
        SeriesKey& key = layout_[at];
        if (key.metric_type != metric_type) key.metric_type = metric_type;
        if (key.label != label) key.label = label;
        if (key.unit != unit) key.unit = unit;
    }
    values_.push_back(is_derived(unit) ? round_derived(value) : value);
}

}  // namespace chorus::agent
