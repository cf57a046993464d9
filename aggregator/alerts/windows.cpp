#include "aggregator/alerts/windows.h"

namespace chorus::alerts {
namespace {

// Seconds. Each round reads so far back for all hosts, and an interval is what an agent says.
constexpr double kMostLateness = 600;

}  // namespace

WindowPlan plan_of(const SystemMetricCondition& condition) {
    const Limit& limit = condition.limit;
    const bool all = limit.aggregation == Aggregation::sum ||
                     limit.aggregation == Aggregation::minimum ||
                     limit.aggregation == Aggregation::maximum;
    return WindowPlan{limit.window, all && limit.window <= kLongestSumWindow};
}

WindowPlan plan_of(const ProcessMetricCondition& condition) {
    return WindowPlan{condition.limit.window};
}

std::vector<store::TimeRange> WindowPlan::ranges(Timestamp now, double interval_seconds) const {
    if (whole()) return {{first(now) - kTick, last(now)}};
    std::vector<store::TimeRange> all;
    const auto taken = width(interval_seconds);
    for (auto slot = first(now); slot <= last(now); slot += slot_) {
        const Timestamp from = slot - kTick;  // a range begins behind its `from`
        const Timestamp to = from + taken;
        if (!all.empty() && all.back().to == from) {
            all.back().to = to;
        } else {
            all.push_back({from, to});
        }
    }
    return all;
}

std::chrono::microseconds lateness_limit(double interval_seconds) {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(std::clamp(2 * interval_seconds, 60.0, kMostLateness)));
}

}  // namespace chorus::alerts
