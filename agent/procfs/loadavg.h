// /proc/loadavg, proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct LoadAverage {
    std::optional<double> one_minute, five_minutes, fifteen_minutes;
    std::optional<std::int64_t> threads;  // of the whole machine, hidden ones included
};

LoadAverage parse_loadavg(std::string_view text);

}  // namespace chorus::agent
