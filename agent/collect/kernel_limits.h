// How close the host is to limits of the kernel, from /proc/sys.
#pragma once

#include <chrono>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/counter_rates.h"
#include "agent/collect/support/gauges.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Open files, tracked connections and tasks found hung.
class KernelLimitsCollector final : public Collector {
  public:
    KernelLimitsCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

  private:
    // A missing file is no fault, because not every kernel has it.
    ReadResult read(const char* path);
    std::optional<double> read_number(const char* path);

    Reader& proc_;
    ReadFaults& faults_;
    Gauges gauges_;
    CounterRates hung_;
};

}  // namespace chorus::agent
