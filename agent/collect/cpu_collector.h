// CPU shares of the host and of each core and the counts of the scheduler, from /proc/stat; count
// and frequency from sysfs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/kernel_activity.h"
#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/stat.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Shares of the time between two samples, in percent.
struct CpuShares {
    double usage, user, nice, system, iowait, irq, softirq, steal, idle, guest;
};

// Between two samples.
struct CpuLimits {
    std::uint64_t back;  // ticks by which a counter must not go back: three seconds
    double ahead;        // ticks by which all together, or one, can have gone ahead
};

// Gives nullopt in three cases: no time passed; a counter went back too far, as after a hotplug; or
// more time passed than the CPUs had, as when a migration sets "steal" anew.
// A share is kNoValue if its own counter went back by a percent of the time, as iowait may
// (proc(5)). It is also kNoValue if guests ran longer than the programs that run them. A smaller
// step back counts as none.
std::optional<CpuShares> cpu_shares(const CpuTimes& before, const CpuTimes& now,
                                    const CpuLimits& limits);

class CpuCollector final : public Collector {
  public:
    CpuCollector(Reader& proc, Reader& sys, ReadFaults& faults, std::chrono::nanoseconds interval,
                 std::int64_t ticks_per_second);
    void collect(MetricSink& out) override;

    // CPUs online at the last cycle.
    std::optional<std::int64_t> cpu_count() const { return cpu_count_; }

    // Ticks that all cores together spent in programs and the kernel between the last two samples.
    // Interrupts are left out, because they belong to no process. nullopt if unknown, or if the
    // cores were less than 5 % busy.
    std::optional<std::uint64_t> busy_ticks() const { return busy_ticks_; }

  private:
    using Seconds = std::optional<double>;  // since the last sample
    void emit_shares(const std::optional<CpuTimes>& total, std::size_t cores, Seconds seconds,
                     MetricSink& out);
    void emit_cores(const std::vector<CoreTimes>& cores, Seconds seconds, MetricSink& out);
    CpuLimits limits_of(std::size_t cores, double seconds) const;
    void emit_frequency(const std::vector<CoreTimes>& cores, MetricSink& out);
    void find_policies(const std::vector<CoreTimes>& cores);
    std::optional<double> mean_frequency();

    Reader& proc_;
    Reader& sys_;
    ReadFaults& faults_;
    const bool guest_;  // /proc/stat is a container's own
    std::int64_t ticks_per_second_;
    SampleGap gap_;
    std::optional<CpuTimes> previous_;
    std::size_t cores_before_ = 0;
    PreviousSamples<CpuTimes> previous_cores_;
    std::vector<std::uint32_t> cores_;  // of the last sample, in its order
    std::optional<std::int64_t> cpu_count_;
    std::optional<std::uint64_t> busy_ticks_;
    std::vector<std::string> policy_files_;  // one for each cpufreq policy
    std::size_t policies_of_ = 0;            // number of cores they were looked up for
    bool frequency_known_ = false;
    bool runs_guests_ = false;  // has run virtual machines since boot
    KernelActivity activity_;
};

}  // namespace chorus::agent
