#include "aggregator/history/chart_buckets.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <string_view>

#include "aggregator/sealed/hour_codec.h"

namespace chorus::store {
namespace {

double mean(const HourRollup& values) {
    return values.count > 0 ? values.sum / static_cast<double>(values.count) : kNoSample;
}

}  // namespace

std::size_t ChartBuckets::column(std::string_view metric_type, std::string_view label,
                                 std::string_view group) {
    const auto [at, is_new] = numbers_.try_emplace(
        {std::string{metric_type}, std::string{label}, std::string{group}}, columns_.size());
    if (is_new) {
        columns_.push_back({std::string{metric_type}, std::string{label}, "{}", {}, {}, {}, {}});
        columns_.back().group = group;
    }
    return at->second;
}

void ChartBuckets::set_steps(Timestamp start, Timestamp end, std::int64_t step) {
    answer_.step_seconds = step;
    first_ = to_unix_seconds(start) / step;
    const auto last = to_unix_seconds(end) / step;
    for (auto i = first_; i <= last; ++i) answer_.times.push_back(i * step);
}

std::int64_t ChartBuckets::bucket_of(Timestamp time) const {
    return to_unix_seconds(time) / answer_.step_seconds;
}

void ChartBuckets::add(std::size_t column, std::int64_t bucket, const HourRollup& values) {
    const auto at = static_cast<std::size_t>(bucket - first_);
    if (bucket < first_ || at >= answer_.times.size()) return;
    if (buckets_.size() <= column) buckets_.resize(columns_.size());
    auto& buckets = buckets_[column];
    if (buckets.empty()) buckets.resize(answer_.times.size());
    add_rollup(buckets[at], values);
}

// Of each metric, because means of one say nothing of another.
void ChartBuckets::leave_greatest(std::vector<std::pair<double, std::size_t>>& known,
                                  std::size_t topk) const {
    const auto name = [&](std::size_t c) {
        return std::tie(columns_[c].metric_type, columns_[c].label, columns_[c].group);
    };
    std::ranges::sort(known, [&](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : name(a.second) < name(b.second);
    });
    std::map<std::string_view, std::size_t> taken;
    std::erase_if(
        known, [&](const auto& one) { return ++taken[columns_[one.second].metric_type] > topk; });
}

SeriesAnswer ChartBuckets::finish(std::size_t topk) {
    buckets_.resize(columns_.size());
    std::vector<std::pair<double, std::size_t>> known;  // mean and column
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        HourRollup all;
        for (const auto& values : buckets_[c]) add_rollup(all, values);
        if (all.count == 0) continue;
        // The mean of endless values may be no number, which has no place in an order.
        const double value = mean(all);
        known.emplace_back(value == value ? value : -std::numeric_limits<double>::infinity(), c);
    }
    if (topk > 0) leave_greatest(known, topk);
    for (const auto& [total, c] : known) {
        auto column = std::move(columns_[c]);
        for (const auto& values : buckets_[c]) {
            column.average.push_back(mean(values));
            column.minimum.push_back(values.count > 0 ? values.minimum : kNoSample);
            column.maximum.push_back(values.count > 0 ? values.maximum : kNoSample);
        }
        answer_.series.push_back(std::move(column));
    }
    std::ranges::sort(answer_.series, {}, [](const SeriesColumn& c) {
        return std::tie(c.metric_type, c.label, c.group);
    });
    return std::move(answer_);
}

}  // namespace chorus::store
