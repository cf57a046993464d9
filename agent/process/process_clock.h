// Tells with one system call whether a process ran at all: the CPU time of the process in
// nanoseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// True if clock_getcpuclockid(3) and the PIDs below the root of `proc` mean the same processes.
// That is not so for a recorded tree, nor for the /proc of another PID namespace.
bool has_process_clocks(Reader& proc);

// The CPU time of all threads of one process. If the process runs on another CPU at this moment,
// its time may be up to a tick ahead of this one.
class ProcessClock {
  public:
    // A clock of no process, which never gives a time.
    ProcessClock() = default;
    explicit ProcessClock(std::int32_t pid);

    // Whether the process ran since the last call, or since the clock was made. Also true if that
    // is not known.
    bool has_run();
    // False if has_run() would return true. Does not change what has_run() will return.
    bool stands() const;

  private:
    static constexpr std::chrono::nanoseconds kUnknown{-1};
    std::chrono::nanoseconds time() const;

    // Small, because each process has one. CLOCK_REALTIME stands for "none", as it is the clock of
    // no process.
    clockid_t id_ = CLOCK_REALTIME;
    std::chrono::nanoseconds last_ = kUnknown;
};

}  // namespace chorus::agent
