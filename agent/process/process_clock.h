// Whether a process ran at all: its CPU time to the nanosecond, by one system call.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "agent/procfs/reader.h"

namespace chorus::agent {

// True if clock_getcpuclockid(3) and the PIDs below the root of `proc` speak of the same processes:
// not for a recorded tree, nor for the /proc of another PID namespace.
bool has_process_clocks(Reader& proc);

// The CPU time of all threads of one process. A process that runs on another CPU at this moment may
// be up to a tick ahead of what is told.
class ProcessClock {
  public:
    // A clock of no process, which never gives a time.
    ProcessClock() = default;
    explicit ProcessClock(std::int32_t pid);

    // Whether the process ran since the last call, or since the clock was made; true as well where
    // that is not known.
    bool has_run();
    // False where has_run() would tell true. Leaves the answer to it.
    bool stands() const;

  private:
    static constexpr std::chrono::nanoseconds kUnknown{-1};
    std::chrono::nanoseconds time() const;

    // Small, as each process has one. No process has the clock CLOCK_REALTIME.
    clockid_t id_ = CLOCK_REALTIME;
    std::chrono::nanoseconds last_ = kUnknown;
};

}  // namespace chorus::agent
