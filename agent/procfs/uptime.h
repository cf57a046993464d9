// /proc/uptime, proc(5).
#pragma once

#include <optional>
#include <string_view>

namespace chorus::agent {

// Seconds since boot, time in suspend included.
std::optional<double> parse_uptime(std::string_view text);

}  // namespace chorus::agent
