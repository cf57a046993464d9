// The kernel's list format, "0-3,5": Documentation/admin-guide/cputopology.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// How many CPUs the list names; nullopt if it is empty or no such list.
std::optional<std::int64_t> count_cpu_list(std::string_view text);

}  // namespace chorus::agent
