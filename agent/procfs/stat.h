// /proc/stat, proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace chorus::agent {

// Time since boot in clock ticks. Fields that an old kernel does not have are 0; guest and
// guest_nice are already inside user and nice.
struct CpuTimes {
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0;
    std::uint64_t irq = 0, softirq = 0, steal = 0, guest = 0, guest_nice = 0;
};

struct CoreTimes {
    std::uint32_t core = 0;
    CpuTimes times;
};

struct Stat {
    std::optional<CpuTimes> total;
    std::vector<CoreTimes> cores;                   // online ones only, in the kernel's order
    std::optional<std::int64_t> boot_time_seconds;  // since 1970
    std::optional<std::uint64_t> context_switches, interrupts, softirqs, forks;  // since boot
    std::optional<std::uint64_t> procs_running, procs_blocked;
};

Stat parse_stat(std::string_view text);

}  // namespace chorus::agent
