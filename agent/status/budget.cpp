#include "agent/status/budget.h"

#include <unistd.h>

#include <fstream>

namespace chorus::agent {

Budget::Verdict Budget::judge(const CycleCost& cost, std::chrono::nanoseconds now) {
    if (!first_) first_ = now;
    const bool large = cost.rss_bytes && *cost.rss_bytes > most_rss_bytes_;
    const std::chrono::duration<double> took = cost.took;
    const std::chrono::duration<double> interval = interval_;
    large_ = large ? large_ + 1 : 0;
    slow_ = took > kMostTime * interval ? slow_ + 1 : 0;
    if (!does_less_ && (large_ >= kPatience || slow_ >= kPatience)) {
        does_less_ = true;
        large_ = 0;
        return Verdict::do_less;
    }
    // The agent began at `first_`: so long it must have run before it may begin anew.
    if (does_less_ && large_ >= kPatience && now - *first_ >= kRestartGap) {
        return Verdict::begin_anew;
    }
    return Verdict::keep_on;
}

std::optional<std::uint64_t> own_rss_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    if (!(statm >> size >> resident)) return std::nullopt;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace chorus::agent
