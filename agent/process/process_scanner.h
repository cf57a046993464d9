// The process table: one walk over /proc/PID.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/process/cmdline.h"
#include "agent/process/cmdline_reader.h"
#include "agent/process/cpu_attribution.h"
#include "agent/process/known_process.h"
#include "agent/process/lifecycle.h"
#include "agent/process/pid_files.h"
#include "agent/process/proportional_memory.h"
#include "agent/process/thread_accounting.h"
#include "agent/process/user_names.h"
#include "agent/procfs/pid/pid_stat.h"
#include "agent/procfs/support/deadline_reader.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// Units of the kernel's numbers.
struct ScanConstants {
    std::int64_t ticks_per_second = 100;  // sysconf(_SC_CLK_TCK)
    std::int64_t page_bytes = 4'096;      // sysconf(_SC_PAGESIZE)
};

// What is reported about processes.
struct ScanOptions {
    CmdlineMode cmdline = CmdlineMode::redacted;
    std::size_t most = 2'000;                // one by one
    std::vector<std::string> always{};       // names (globs) that are always among them
    std::chrono::nanoseconds pss_budget{0};  // of one scan for smaps_rollup; 0 = not read
};

struct ProcessCounts {
    std::int64_t processes = 0, threads = 0, zombies = 0, uninterruptible = 0;
};

class ProcessScanner {
  public:
    // `read_cmdline` lets a test replace the files below the root of `proc`. `interval` is the time
    // between two scans. After a gap of more than three intervals CPU shares are unknown.
    ProcessScanner(Reader& proc, ReadFaults& faults, UserNames users,
                   std::chrono::nanoseconds interval, ScanConstants constants = {},
                   ScanOptions options = {}, DeadlineReader::ReadFile read_cmdline = {});

    // Every process that could be read, by PID. A process that ends during the scan is left out.
    // `memory_total_bytes` is 100 for memory_percent. `reclaim` is the kernel's count of pages that
    // it scanned to reclaim them. The memory of sleeping processes is read only if this count
    // grows. The memory of a `spare` table is used again.
    ProcessTable scan(std::optional<std::uint64_t> memory_total_bytes,
                      std::optional<std::int64_t> cpu_count,
                      std::optional<std::uint64_t> reclaim = {}, ProcessTable spare = {});

    // From now on reports only the few processes that use most, without command lines and PSS.
    void do_less();

    // Of the last scan, before any were folded; nullopt if no process could be read.
    std::optional<ProcessCounts> counts() const {
        return counts_.processes > 0 ? std::optional(counts_) : std::nullopt;
    }

    // Processes that began and ended between the last two scans. To be called once for each scan.
    ProcessChanges take_changes() { return lifecycle_.take(); }
    // The process as the last scan saw it, also if it has ended since. `comm` must fit, because the
    // kernel may have given the PID to another process.
    std::optional<ProcessLife> last_seen(std::int32_t pid, std::string_view comm) const;

    // CPU time all processes used between the last two scans, in ticks; nullopt if unknown.
    std::optional<std::uint64_t> attributed_ticks() const { return attributed_ticks_; }

  private:
    std::vector<std::int32_t> list_pids();
    void look_for_delay_accounting();
    // Fills `process`, which is empty; false if there is none any more.
    bool read_process(std::int32_t pid, ProcessSample& process);
    void describe(const PidStat& stat, std::chrono::nanoseconds at, bool ran,
                  ProcessSample& process);
    bool stands_still(std::int32_t pid, const KnownProcess& known) const;
    bool has_its_parent(const PidStat& child) const;
    bool io_wait_is_counted(const PidStat& stat) const;
    KnownProcess& recognise(const PidStat& stat, std::chrono::nanoseconds at,
                            ProcessSample& process);
    std::optional<std::chrono::nanoseconds> age_if_new(const PidStat& stat,
                                                       std::chrono::nanoseconds at) const;
    void read_cmdlines(ProcessTable& table);
    void add_children(ProcessTable& table);
    void drop_ended();
    bool facts_are_due(std::int32_t pid, const KnownProcess& known) const;
    void read_use(ProcessSample& process, KnownProcess& known, bool ran);

    Reader& proc_;
    ReadFaults& faults_;
    UserNames users_;
    std::chrono::nanoseconds longest_gap_;
    ScanConstants constants_;
    ScanOptions options_;
    DeadlineReader deadline_reader_;
    CmdlineReader cmdlines_;
    ProportionalMemory memory_;
    ThreadAccounting threads_;
    PidFiles files_;
    bool process_clocks_;
    std::unordered_map<std::int32_t, KnownProcess> known_;
    std::optional<std::uint64_t> reclaim_;
    bool memory_may_have_gone_ = true;                    // of a process that sleeps
    std::optional<std::chrono::nanoseconds> last_scan_;   // first read of the last one
    std::optional<std::chrono::nanoseconds> first_read_;  // of the running scan
    std::uint64_t scan_ = 0;
    std::optional<std::chrono::nanoseconds> delays_counted_from_;  // since boot
    ProcessCounts counts_;
    CpuAttribution attribution_;
    std::vector<std::int32_t> started_;  // in the running scan
    ProcessLifecycle lifecycle_;
    std::optional<std::uint64_t> attributed_ticks_;
};

}  // namespace chorus::agent
