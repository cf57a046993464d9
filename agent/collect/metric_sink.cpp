#include "agent/collect/metric_sink.h"

#include <string>

namespace chorus::agent {

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
    values_.push_back(value);
}

}  // namespace chorus::agent
