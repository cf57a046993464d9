#include "agent/collect/support/metric_sink.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "common/text.h"

namespace chorus::agent {
namespace {

// Shares and rates come from ticks, milliseconds and page counts: what is behind the fourth decimal
// is noise that does not compress. Of rates and times so is what is behind the fourth digit.
// Nothing is rounded more coarsely than to whole units.
double round_derived(double value, std::string_view unit) {
    double steps = 1e4;
    if (unit == "ms" || unit.ends_with("per_sec")) {
        for (double size = 1; steps > 1 && std::abs(value) >= size; size *= 10) steps /= 10;
    }
    return std::round(value * steps) / steps;
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
    const bool reserved = label.empty() || metric_type.starts_with("agent_");
    if (at >= limits::kSeriesPerBatch - (reserved ? 0 : kReserved)) {
        ++without_room_;
        return;
    }
    const auto wanted = make_unique(metric_type, make_plain(label));
    relabelled_ += wanted != label;
    if (at == layout_.size()) {
        layout_.push_back({std::string(metric_type), std::string(wanted), std::string(unit)});
    } else {
        SeriesKey& key = layout_[at];
        if (key.metric_type != metric_type) key.metric_type = metric_type;
        if (key.label != wanted) key.label = wanted;
        if (key.unit != unit) key.unit = unit;
    }
    values_.push_back(is_derived(unit) ? round_derived(value, unit) : value);
}

void MetricSink::left_out(std::string_view source, std::size_t count) {
    if (count > 0) add(kLeftOutMetric, source, "count", static_cast<double>(count));
}

void MetricSink::add_all(const std::vector<SeriesKey>& layout, const std::vector<double>& values,
                         std::size_t relabelled) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        add(layout[i].metric_type, layout[i].label, layout[i].unit, values[i]);
    }
    relabelled_ += relabelled;
}

std::string_view MetricSink::make_plain(std::string_view label) {
    if (is_plain_name(label, limits::kLabelBytes)) return label;
    plain_ = plain_name(label, limits::kLabelBytes);
    return plain_;
}

std::string_view MetricSink::make_unique(std::string_view metric_type, std::string_view label) {
    const std::size_t at = values_.size();
    if (as_before_ && at < layout_.size() && layout_[at].metric_type == metric_type &&
        layout_[at].label == label) {
        return label;
    }
    const auto name = [](std::string_view type, std::string_view of) {
        return std::string(type).append(1, '{').append(of);
    };
    if (std::exchange(as_before_, false)) {
        for (std::size_t i = 0; i < at; ++i) {
            names_.insert(name(layout_[i].metric_type, layout_[i].label));
        }
    }
    if (names_.insert(name(metric_type, label)).second) return label;
    for (int number = 2;; ++number) {
        const std::string suffix = '#' + std::to_string(number);
        unique_ = plain_name(label, limits::kLabelBytes - suffix.size()) + suffix;
        if (names_.insert(name(metric_type, unique_)).second) return unique_;
    }
}

}  // namespace chorus::agent
