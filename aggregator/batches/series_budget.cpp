#include "aggregator/batches/series_budget.h"

#include <algorithm>

namespace chorus::store {

bool SeriesBudget::take(std::int32_t host_id, std::size_t series, std::chrono::nanoseconds now) {
    if (levels_.size() > kMostLevels) forget_full(now);
    Level& level = levels_.try_emplace(host_id, Level{at_once_, now}).first->second;
    const double passed = std::chrono::duration<double>(now - level.at).count();
    level.left = std::min(at_once_, level.left + passed * per_second_);
    level.at = now;
    const auto wanted = static_cast<double>(series);
    if (wanted > level.left) return false;
    level.left -= wanted;
    return true;
}

void SeriesBudget::give_back(std::int32_t host_id, std::size_t series) {
    const auto level = levels_.find(host_id);
    if (level != levels_.end()) level->second.left += static_cast<double>(series);
}

void SeriesBudget::forget_full(std::chrono::nanoseconds now) {
    std::erase_if(levels_, [&](const auto& entry) {
        const double passed = std::chrono::duration<double>(now - entry.second.at).count();
        return entry.second.left + passed * per_second_ >= at_once_;
    });
}

}  // namespace chorus::store
