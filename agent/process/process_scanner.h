// The process table: one walk over /proc/PID.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/process/user_names.h"
#include "agent/procfs/pid_stat.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"
#include "common/batch.h"

namespace chorus::agent {

// What the kernel and the hardware say about units.
struct ScanConstants {
    std::int64_t ticks_per_second = 100;  // sysconf(_SC_CLK_TCK)
    std::int64_t page_bytes = 4'096;      // sysconf(_SC_PAGESIZE)
};

struct ProcessCounts {
    std::int64_t processes = 0, threads = 0, zombies = 0, uninterruptible = 0;
};

class ProcessScanner {
  public:
    // `interval` is the time between two scans; after a gap of more than three of them CPU shares
    // are not known.
    ProcessScanner(Reader& proc, ReadFaults& faults, UserNames users,
                   std::chrono::nanoseconds interval, ScanConstants constants = {});

    // Every process that could be read, by PID. One that ends during the walk is left out.
    // `memory_total_bytes` is what memory_percent refers to.
    ProcessTable scan(std::optional<std::uint64_t> memory_total_bytes,
                      std::optional<std::int64_t> cpu_count);

    // Of the last scan, before any were folded; nullopt if no process could be read.
    std::optional<ProcessCounts> counts() const {
        return counts_.processes > 0 ? std::optional(counts_) : std::nullopt;
    }

  private:
    // What is kept of a process from scan to scan.
    struct Known {
        std::int64_t start_ticks;
        std::uint64_t cpu_ticks;
        std::chrono::nanoseconds at;
        std::string comm;
        std::string name;
        std::string unit, container_id;
        std::uint64_t scan;
    };
    std::vector<std::int32_t> list_pids();
    std::optional<ProcessSample> read_process(std::int32_t pid);
    Known& recognise(const PidStat& stat, std::chrono::nanoseconds at,
                     std::optional<double>& cpu_percent);
    std::optional<double> share_since_start(const PidStat& stat, std::chrono::nanoseconds at) const;
    void read_name(Known& known, std::int32_t pid, std::string_view comm);
    void read_cgroup(Known& known, std::int32_t pid);
    void read_io(ProcessSample& process);

    Reader& proc_;
    ReadFaults& faults_;
    UserNames users_;
    std::chrono::nanoseconds longest_gap_;
    ScanConstants constants_;
    std::unordered_map<std::int32_t, Known> known_;
    std::optional<std::chrono::nanoseconds> last_scan_;   // first read of the last one
    std::optional<std::chrono::nanoseconds> first_read_;  // of the running scan
    std::uint64_t scan_ = 0;
    ProcessCounts counts_;
};

// Keeps at most `most` rows: the half of them that uses the most CPU, then those with the most
// memory. What is left out is summed into `other`.
void fold_small_processes(ProcessTable& table, std::size_t most);

}  // namespace chorus::agent
