#include "agent/collect/metric_sink.h"

#include <algorithm>
#include <array>
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
    return unit == "percent" || unit == "ms" || unit == "avg" || unit.ends_with("per_sec");
}

constexpr std::array<std::string_view, 8> kExtended{
    "cpu_softirqs_per_sec",        "disk_discard_bytes_per_sec",
    "disk_flush_await_ms",         "network_softnet_squeezed_per_sec",
    "system_hung_tasks_count",     "tcp_listen_count",
    "tcp_syncookies_sent_per_sec", "udp_rcvbuf_errors_per_sec"};
static_assert(std::is_sorted(kExtended.begin(), kExtended.end()));

}  // namespace

bool is_extended_metric(std::string_view metric_type) {
    return std::binary_search(kExtended.begin(), kExtended.end(), metric_type);
}

void MetricSink::add(std::string_view metric_type, std::string_view label, std::string_view unit,
                     double value) {
    if (!extended_ && is_extended_metric(metric_type)) return;
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
