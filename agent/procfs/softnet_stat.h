// /proc/net/softnet_stat: the kernel's net/core/net-procfs.c, one line of hexadecimal columns a
// CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Sums over all CPUs.
struct SoftnetStat {
    std::uint64_t dropped = 0;   // packets for which the backlog had no room
    std::uint64_t squeezed = 0;  // times the work budget ended before the packets did
};

// nullopt if there is no line of the expected form.
std::optional<SoftnetStat> parse_softnet_stat(std::string_view text);

}  // namespace chorus::agent
