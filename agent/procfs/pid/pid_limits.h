// /proc/PID/limits, proc_pid_limits(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// The soft limit of "Max open files"; nullopt if there is none or the line is missing.
std::optional<std::int32_t> parse_open_file_limit(std::string_view text);

}  // namespace chorus::agent
