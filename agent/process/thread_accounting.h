// What the threads of tracked processes wait for, and how often they are switched.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/procfs/pid/task_scheduling.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// The kernel counts these for each thread; /proc/PID has those of the first thread only. So they
// are summed over /proc/PID/task. That costs time, so it is done only for processes that an
// operator named. What a thread did between its last read and its end is not seen.
class ThreadAccounting {
  public:
    // Threads of all tracked processes in one scan. A process that would pass this bound has no
    // such counts.
    static constexpr std::size_t kMostThreads = 2'000;

    // `globs` are names of processes. After a gap of more than `longest_gap` between two scans
    // nothing is known.
    ThreadAccounting(Reader& proc, ReadFaults& faults, std::vector<std::string> globs,
                     std::chrono::nanoseconds longest_gap);

    // Fills the columns of tracked rows.
    void fill(std::vector<ProcessSample>& rows);

  private:
    struct Counts {
        std::optional<std::uint64_t> wait_ns;
        ContextSwitches switches;
    };
    using Threads = std::unordered_map<std::int32_t, Counts>;
    struct Tracked {
        std::int64_t start_ticks = -1;
        std::chrono::nanoseconds at{0};
        Threads threads;
        std::uint64_t scan = 0;
    };
    std::optional<Threads> read_threads(std::int32_t pid, std::size_t most) const;
    std::optional<Counts> read_thread(std::int32_t pid, std::int32_t tid) const;
    void tell(ProcessSample& row, Tracked& tracked, Threads&& now, std::chrono::nanoseconds at);

    Reader& proc_;
    ReadFaults& faults_;
    std::vector<std::string> globs_;
    std::chrono::nanoseconds longest_gap_;
    std::unordered_map<std::int32_t, Tracked> tracked_;
    std::uint64_t scan_ = 0;
};

}  // namespace chorus::agent
