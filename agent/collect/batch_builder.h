// One cycle: every collector and the process table into one batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/collect/cpu_collector.h"
#include "agent/collect/memory_collector.h"
#include "agent/collect/omissions.h"
#include "agent/collect/process_counts.h"
#include "agent/collect/self_collector.h"
#include "agent/collect/support/collector.h"
#include "agent/collect/vmstat_collector.h"
#include "agent/events/oom_watcher.h"
#include "agent/process/process_scanner.h"
#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "common/batch/batch.h"
#include "common/clock.h"

namespace chorus::agent {

struct CollectSettings {
    std::string procfs = "/proc";
    std::string sysfs = "/sys";
    std::string rootfs = "/";
    std::chrono::nanoseconds interval{std::chrono::seconds{30}};
    bool extended = false;  // the metrics of is_extended_metric() too
    ScanOptions processes{};
    std::string system_bus{};  // socket of the system's D-Bus; empty = systemd is not asked
    std::string kernel_log{};  // /dev/kmsg; empty = not read
};

class BatchBuilder {
  public:
    // Reads the facts of the host at once.
    BatchBuilder(const CollectSettings& settings, const Clock& clock, const BootClock& boot_clock);

    // Fills all members of `batch` that come from the host's kernel: boot_id, time, host, layout,
    // values, processes and events. Pass the same batch again to save allocations. `state` has the
    // figures of the agent itself.
    void collect(Batch& batch, AgentState state = {});

    void do_less() { processes_.do_less(); }
    const ReadFaults& faults() const { return faults_; }

  private:
    void collect_alone(Collector& collector, MetricSink& out);

    void collect_events(Batch& batch);

    const Clock& clock_;
    const BootClock& boot_clock_;
    bool extended_;
    ReadFaults faults_;
    Reader proc_;
    Reader sys_;
    HostInfo host_;
    Uuid boot_id_;
    CpuCollector cpu_;
    MemoryCollector memory_;
    VmstatCollector vmstat_;
    std::vector<std::unique_ptr<Collector>> others_;
    ProcessScanner processes_;
    OomWatcher oom_;
    ProcessCountCollector process_counts_;
    SelfCollector self_;
    Omissions omissions_;
    std::set<const Collector*> failed_;  // and logged
};

}  // namespace chorus::agent
