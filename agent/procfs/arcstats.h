// /proc/spl/kstat/zfs/arcstats: the read cache of OpenZFS. The kernel counts it as used memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct ArcStats {
    std::uint64_t size = 0;     // bytes
    std::uint64_t minimum = 0;  // bytes it does not give back

    std::uint64_t reclaimable() const { return size > minimum ? size - minimum : 0; }
};

// nullopt without a line "size TYPE NUMBER".
std::optional<ArcStats> parse_arcstats(std::string_view text);

}  // namespace chorus::agent
