#include "agent/process/lifecycle.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace chorus::agent {
namespace {

// Returns how many were cut off.
std::size_t keep_most_telling(std::vector<ProcessLife>& lives) {
    const auto order = [](const ProcessLife& a, const ProcessLife& b) {
        return std::tuple(a.unit.empty(), a.start_ticks, a.pid) <
               std::tuple(b.unit.empty(), b.start_ticks, b.pid);
    };
    const std::size_t kept = std::min(lives.size(), ProcessLifecycle::kMostTold);
    std::partial_sort(lives.begin(), lives.begin() + static_cast<std::ptrdiff_t>(kept), lives.end(),
                      order);
    const std::size_t cut = lives.size() - kept;
    lives.resize(kept);
    return cut;
}

}  // namespace

ProcessChanges ProcessLifecycle::take() {
    ProcessChanges out = std::exchange(changes_, {});
    out.more_started = keep_most_telling(out.started);
    out.more_ended = keep_most_telling(out.ended);
    return out;
}

}  // namespace chorus::agent
