// Packets for which the kernel had no time, from /proc/net/softnet_stat.
#pragma once

#include <chrono>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/counter_rates.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class SoftnetCollector final : public Collector {
  public:
    SoftnetCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

  private:
    Reader& proc_;
    ReadFaults& faults_;
    CounterRates rates_;
};

}  // namespace chorus::agent
