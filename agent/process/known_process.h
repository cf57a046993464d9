// What is kept of a process from scan to scan.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/process/lifecycle.h"
#include "agent/process/process_clock.h"
#include "agent/procfs/pid/pid_io.h"
#include "agent/procfs/pid/pid_stat.h"

namespace chorus::agent {

struct KnownProcess {
    PidStat stat;  // without comm, which would point into a text that is gone
    std::chrono::nanoseconds at;
    std::optional<std::chrono::nanoseconds> span;  // that the last differences are over
    std::string comm;
    std::string name;
    std::string unit, container_id;
    std::string user;
    std::optional<std::int32_t> fd_limit;
    std::uint64_t since = 0;  // the scan that saw it start or exec first
    std::string cmdline;
    int cmdline_tries = 0;  // left
    ProcessClock clock;
    PidIo io;
    std::optional<std::int32_t> fd_count;
    std::uint64_t disk_bytes = 0, disk_growth = 0;
    std::optional<std::int64_t> rss_bytes;
    std::uint64_t scan;

    std::uint64_t cpu_ticks() const { return stat.user_ticks + stat.system_ticks; }

    ProcessLife life(std::int32_t pid) const {
        return {.pid = pid,
                .start_ticks = stat.start_ticks,
                .name = name,
                .unit = unit,
                .cpu_ticks = cpu_ticks(),
                .rss_bytes = rss_bytes};
    }
};

}  // namespace chorus::agent
