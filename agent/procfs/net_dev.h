// /proc/net/dev, proc(5).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace chorus::agent {

struct TrafficCounters {
    std::uint64_t bytes = 0, packets = 0, errors = 0, drops = 0;
};

// Counters since the interface was made.
struct NetDev {
    std::string_view name;  // into the parsed text
    TrafficCounters receive, transmit;
};

// Headings and damaged lines are left out.
std::vector<NetDev> parse_net_dev(std::string_view text);

}  // namespace chorus::agent
