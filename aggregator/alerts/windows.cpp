#include "aggregator/alerts/windows.h"

namespace chorus::alerts {

std::vector<store::TimeRange> WindowPlan::ranges(Timestamp now,
                                                 double longest_interval_seconds) const {
    if (whole()) return {{begin(now), end(now)}};
    std::vector<store::TimeRange> all;
    const auto taken = width(longest_interval_seconds);
    // A sample at the very beginning of a slot belongs to it, where a range begins behind its
    // `from`.
    for (auto at = begin(now); at < end(now); at += slot_) {
        const auto from = at - std::chrono::microseconds{1};
        if (!all.empty() && all.back().to >= from) {
            all.back().to = at + taken;
        } else {
            all.push_back({from, at + taken});
        }
    }
    all.back().to = std::min(all.back().to, end(now));
    return all;
}

std::chrono::microseconds lateness_limit(double interval_seconds) {
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(std::max(60.0, 2 * interval_seconds)));
}

}  // namespace chorus::alerts
