// Memory of processes in which shared pages count in proportion. Reading it has a budget of time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/deadline_reader.h"
#include "agent/procfs/support/read_faults.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// For smaps_rollup the kernel walks all page tables of a process. That takes milliseconds for a
// large one, and the process's memory lock is held. So each scan reads for a fixed time only. First
// come processes of which nothing is known, then those whose resident set changed most, the largest
// first. If a read takes longer, the scans after it read less. A figure holds for kLifetime, then
// it is unknown again.
class ProportionalMemory {
  public:
    static constexpr std::chrono::minutes kLifetime{10};

    // `budget` is for one scan, 0 = nothing is read. Times are taken from `clock`.
    ProportionalMemory(DeadlineReader& reader, ReadFaults& faults, const BootClock& clock,
                       std::chrono::nanoseconds budget);

    // Sets memory_pss_bytes and memory_swap_bytes of the rows for which they are known.
    void fill(std::vector<ProcessSample>& rows);
    // From now on reads and sets nothing.
    void stop();

  private:
    struct KnownPss {
        std::int64_t start_ticks = 0;
        std::optional<std::int64_t> pss, swap;
        std::optional<std::chrono::nanoseconds> tried;  // last
        std::int64_t rss = 0;                           // at that time
        std::uint64_t scan = 0;
    };
    struct Candidate {
        std::int32_t pid;
        std::int64_t rss;
        double urgency;
        KnownPss* known;
    };
    std::vector<Candidate> candidates(const std::vector<ProcessSample>& rows);
    bool read(const Candidate& candidate);

    DeadlineReader& reader_;
    ReadFaults& faults_;
    const BootClock& clock_;
    std::chrono::nanoseconds budget_;
    std::chrono::nanoseconds allowance_{0};
    std::unordered_map<std::int32_t, KnownPss> known_;
    std::uint64_t scan_ = 0;
};

}  // namespace chorus::agent
