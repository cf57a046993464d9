#include "aggregator/store/series_budget.h"

#include <algorithm>

namespace chorus::store {

bool SeriesBudget::take(std::int32_t host_id, std::size_t series, std::chrono::nanoseconds now) {
    Level& level = levels_.try_emplace(host_id, Level{at_once_, now}).first->second;
    const double passed = std::chrono::duration<double>(now - level.at).count();
    level.left = std::min(at_once_, level.left + passed * per_second_);
    level.at = now;
    const auto wanted = static_cast<double>(series);
    if (wanted > level.left) return false;
    level.left -= wanted;
    return true;
}

}  // namespace chorus::store
