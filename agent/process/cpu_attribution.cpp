#include "agent/process/cpu_attribution.h"

#include <algorithm>
#include <utility>

namespace chorus::agent {
namespace {

std::uint64_t ahead(std::uint64_t before, std::uint64_t now) {
    return now > before ? now - before : 0;
}

}  // namespace

void CpuAttribution::add(const PidStat& stat) {
    const std::uint64_t own = stat.user_ticks + stat.system_ticks;
    const std::uint64_t children = stat.children_user_ticks + stat.children_system_ticks;
    const auto [place, fresh] = seen_.try_emplace(stat.pid);
    Seen& seen = place->second;
    if (!fresh && seen.start_ticks != stat.start_ticks) {
        replaced_.push_back({seen.ppid, seen.own + seen.children});
        seen = {};
    }
    // All of a new process's time is new.
    own_growth_ += ahead(seen.own, own);
    seen.inherited = ahead(seen.children, children);
    seen.start_ticks = stat.start_ticks;
    seen.ppid = stat.ppid;
    seen.own = own;
    seen.children = children;
    seen.scan = scan_;
}

std::optional<std::uint64_t> CpuAttribution::finish() {
    std::vector<Ended> ended = std::move(replaced_);
    replaced_.clear();
    for (const auto& [pid, seen] : seen_) {
        if (seen.scan != scan_) ended.push_back({seen.ppid, seen.own + seen.children});
    }
    for (const Ended& one : ended) credit(one);
    std::erase_if(seen_, [&](const auto& entry) { return entry.second.scan != scan_; });
    std::uint64_t ticks = own_growth_;
    for (const auto& [pid, seen] : seen_) ticks += seen.inherited;
    own_growth_ = 0;
    return scan_++ == 1 ? std::nullopt : std::optional(ticks);
}

std::uint64_t CpuAttribution::inherited_ticks(std::int32_t pid) const {
    const auto at = seen_.find(pid);
    return at == seen_.end() ? 0 : at->second.inherited;
}

// The nearest ancestor that still runs has inherited the time; where it did not (it ignores its
// children), nothing is taken off.
void CpuAttribution::credit(const Ended& ended) {
    constexpr int deepest = 64;
    std::int32_t pid = ended.ppid;
    for (int depth = 0; depth < deepest; ++depth) {
        const auto at = seen_.find(pid);
        if (at == seen_.end()) return;
        Seen& ancestor = at->second;
        if (ancestor.scan == scan_) {
            ancestor.inherited -= std::min(ancestor.inherited, ended.ticks);
            return;
        }
        pid = ancestor.ppid;
    }
}

}  // namespace chorus::agent
