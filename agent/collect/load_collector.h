// Load averages and uptime, from /proc/loadavg and /proc/uptime.
#pragma once

#include "agent/collect/collector.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

class LoadCollector final : public Collector {
  public:
    LoadCollector(Reader& proc, ReadFaults& faults) : proc_(proc), faults_(faults) {}
    void collect(MetricSink& out) override;

  private:
    Reader& proc_;
    ReadFaults& faults_;
};

}  // namespace chorus::agent
