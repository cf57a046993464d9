#include "aggregator/live/intervals.h"

#include <utility>

#include "aggregator/access/requested_intervals.h"

namespace chorus::live {

void Intervals::refresh() {
    const std::lock_guard one_at_a_time(refreshing_);
    auto now = database_.read([](store::Session& s) { return store::read_requested_intervals(s); });
    std::unordered_map<Uuid, double> before;
    {
        const std::lock_guard lock(mutex_);
        before = std::exchange(intervals_, now);
    }
    for (const auto& [agent, seconds] : now) {
        const auto old = before.find(agent);
        if (old == before.end() || old->second != seconds) streams_.set_interval(agent, seconds);
    }
    for (const auto& [agent, seconds] : before) {
        if (!now.contains(agent)) streams_.set_interval(agent, std::nullopt);
    }
}

std::optional<double> Intervals::find(const Uuid& agent) const {
    const std::lock_guard lock(mutex_);
    const auto found = intervals_.find(agent);
    if (found == intervals_.end()) return std::nullopt;
    return found->second;
}

}  // namespace chorus::live
