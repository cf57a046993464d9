#include "aggregator/schema/partitions.h"

#include <algorithm>

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr days kAhead{3};
constexpr days kFutureAccepted{2};
// Where everything is kept for ever, older batches than this are still refused, so that nobody can
// make tables for every day since 1970.
constexpr days kOldestAccepted{400};

constexpr Statement kEnsure{"ensure_partitions", R"sql(
SELECT monitoring.ensure_partitions($1, $2)
)sql"};

sys_days day_of(Timestamp time) {
    return std::chrono::floor<days>(time);
}

}  // namespace

int Partitions::ensure_ahead() {
    const auto today = day_of(clock_.now());
    const auto lease = database_.acquire();
    return lease->execute(kEnsure, Parameters{}.date(today - days{1}).date(today + kAhead))[0].int4(
        0);
}

bool Partitions::ensure_for(Timestamp time) {
    if (time > newest_accepted() || time < oldest_accepted()) {
        return false;
    }
    const auto day = day_of(time);
    {
        const std::lock_guard lock{mutex_};
        if (known_.contains(day)) return true;
    }
    {
        const auto lease = database_.acquire();
        lease->execute(kEnsure, Parameters{}.date(day).date(day));
    }
    const std::lock_guard lock{mutex_};
    known_.insert(day);  // at most kOldestAccepted days and those ahead
    return true;
}

Timestamp Partitions::oldest_accepted() const {
    auto longest = kOldestAccepted;
    if (retention_.system && retention_.process) {
        longest = std::min(longest, std::max(*retention_.system, *retention_.process));
    }
    return clock_.now() - longest;
}

Timestamp Partitions::newest_accepted() const {
    return clock_.now() + kFutureAccepted;
}

void Partitions::forget() {
    const std::lock_guard lock{mutex_};
    known_.clear();
}

}  // namespace chorus::store
