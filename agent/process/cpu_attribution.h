// How much of the host's CPU time the process table explains.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agent/procfs/pid/pid_stat.h"

namespace chorus::agent {

// Sums up the CPU time that processes used between two scans. A running process counts by its own
// time. A process that ended counts by the time that its parent inherited (cutime, cstime), less
// what earlier scans have seen of it: else a long child would count twice. A child that nobody
// waits for leaves no trace.
class CpuAttribution {
  public:
    // Each process of a scan.
    void add(const PidStat& stat);
    // Ends a scan. Ticks since the last one; nullopt for the first.
    std::optional<std::uint64_t> finish();
    // What a process of the last scan inherited from its children between the last two, in ticks.
    std::uint64_t inherited_ticks(std::int32_t pid) const;

  private:
    struct Seen {
        std::int64_t start_ticks = 0;
        std::int32_t ppid = 0;
        std::uint64_t own = 0, children = 0;  // ticks
        std::uint64_t inherited = 0;          // growth of `children` in this scan
        std::uint64_t scan = 0;
    };
    struct Ended {
        std::int32_t ppid;
        std::uint64_t ticks;  // seen before it ended
    };
    void credit(const Ended& ended);

    std::unordered_map<std::int32_t, Seen> seen_;
    std::vector<Ended> replaced_;  // whose PID was given again
    std::uint64_t scan_ = 1;
    std::uint64_t own_growth_ = 0;
};

}  // namespace chorus::agent
