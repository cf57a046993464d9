// /proc/pressure/*, the kernel's Documentation/accounting/psi.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Time since boot, in microseconds, in which some or all tasks waited for the resource.
struct Pressure {
    std::optional<std::uint64_t> some_us, full_us;
};

Pressure parse_pressure(std::string_view text);

}  // namespace chorus::agent
