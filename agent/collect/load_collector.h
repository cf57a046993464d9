// Load averages and uptime, from /proc/loadavg and /proc/uptime.
#pragma once

#include "agent/collect/cpu_collector.h"
#include "agent/collect/support/collector.h"
#include "agent/procfs/overlaid_files.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class LoadCollector final : public Collector {
  public:
    // `cpu` is collected before this.
    LoadCollector(Reader& proc, ReadFaults& faults, const CpuCollector& cpu)
        : proc_(proc), faults_(faults), cpu_(cpu), overlaid_(proc) {}
    void collect(MetricSink& out) override;

  private:
    Reader& proc_;
    ReadFaults& faults_;
    const CpuCollector& cpu_;
    const OverlaidFiles overlaid_;
};

}  // namespace chorus::agent
