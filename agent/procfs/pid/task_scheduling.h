// What the scheduler counts for each thread: /proc/PID/task/TID/schedstat and status.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

// The text of schedstat (the kernel's sched-stats.rst): time the thread could run and waited for a
// CPU, in nanoseconds. nullopt if damaged, or if the kernel does not count it.
std::optional<std::uint64_t> parse_cpu_wait(std::string_view schedstat);

struct ContextSwitches {
    std::optional<std::uint64_t> voluntary, involuntary;
};

// The text of status, proc_pid_status(5).
ContextSwitches parse_context_switches(std::string_view status);

}  // namespace chorus::agent
