#include "agent/procfs/meminfo.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<std::uint64_t> parse_kib(std::string_view line) {
    const auto kib = next_number<std::uint64_t>(line);
    if (!kib || *kib > std::numeric_limits<std::uint64_t>::max() / 1024) return std::nullopt;
    return *kib * 1024;
}

}  // namespace

std::optional<std::uint64_t> MemInfo::usable() const {
    if (!available || *available == 0) {
        if (!free) return std::nullopt;
        const auto caches = cached.value_or(0) + reclaimable.value_or(0);
        const auto guess =
            *free + buffers.value_or(0) + caches - std::min(caches, shared.value_or(0));
        return total ? std::min(guess, *total) : guess;
    }
    if (total && *available > *total) return free;
    return available;
}

MemInfo parse_meminfo(std::string_view text) {
    MemInfo info;
    const std::pair<std::string_view, std::optional<std::uint64_t>*> wanted[] = {
        {"MemTotal:", &info.total},
        {"MemFree:", &info.free},
        {"MemAvailable:", &info.available},
        {"Buffers:", &info.buffers},
        {"Cached:", &info.cached},
        {"SReclaimable:", &info.reclaimable},
        {"Shmem:", &info.shared},
        {"SwapTotal:", &info.swap_total},
        {"SwapFree:", &info.swap_free},
        {"SwapCached:", &info.swap_cached},
        {"SUnreclaim:", &info.unreclaimable},
        {"AnonPages:", &info.anonymous},
        {"Dirty:", &info.dirty},
        {"Writeback:", &info.writeback},
        {"Committed_AS:", &info.committed},
        {"CommitLimit:", &info.commit_limit}};
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        if (name == "HugePages_Total:") info.hugepages_total = next_number<std::uint64_t>(*line);
        if (name == "HugePages_Free:") info.hugepages_free = next_number<std::uint64_t>(*line);
        for (const auto& [key, field] : wanted) {
            if (name == key) *field = parse_kib(*line);
        }
    }
    return info;
}

}  // namespace chorus::agent
