// /proc/meminfo, proc(5). The kernel writes KiB; everything here is bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct MemInfo {
    std::optional<std::uint64_t> total, free, available, buffers, cached, reclaimable, shared;
    std::optional<std::uint64_t> unreclaimable, anonymous, dirty, writeback;
    std::optional<std::uint64_t> committed, commit_limit;
    std::optional<std::uint64_t> swap_total, swap_free, swap_cached;
    std::optional<std::uint64_t> hugepages_total, hugepages_free;  // pages, not bytes

    // MemAvailable. Before Linux 3.14 an estimate from free memory and caches. If a container's
    // view has more available than total memory, MemFree, as in psutil.
    std::optional<std::uint64_t> usable() const;
};

MemInfo parse_meminfo(std::string_view text);

}  // namespace chorus::agent
