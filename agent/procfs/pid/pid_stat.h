// /proc/PID/stat, proc_pid_stat(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct PidStat {
    std::int32_t pid = 0;
    std::string_view comm;  // into the parsed text; at most 15 bytes for a user process
    char state = '?';
    std::int32_t ppid = 0;
    std::uint64_t user_ticks = 0, system_ticks = 0;                    // of all threads
    std::uint64_t children_user_ticks = 0, children_system_ticks = 0;  // of those waited for
    std::uint64_t major_faults = 0;
    std::int32_t num_threads = 0;
    std::int64_t start_ticks = 0;  // since boot
    std::int64_t rss_pages = 0;
    bool kernel_thread = false;
    std::int32_t nice = 0;
    // Behind the fields that are required.
    std::optional<std::int32_t> processor{};
    std::optional<std::uint64_t> io_wait_ticks{};  // stand still without kernel.task_delayacct
};

// comm may hold blanks and `)`: it ends at the last `)`. nullopt if a field is missing or damaged.
std::optional<PidStat> parse_pid_stat(std::string_view text);

}  // namespace chorus::agent
