// Paging, swapping and reclaim, from /proc/vmstat.
#pragma once

#include <chrono>

#include "agent/collect/collector.h"
#include "agent/collect/counter_rates.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

class VmstatCollector final : public Collector {
  public:
    VmstatCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval,
                    std::int64_t page_bytes);
    void collect(MetricSink& out) override;

  private:
    Reader& proc_;
    ReadFaults& faults_;
    std::vector<RateSeries> series_;
    CounterRates rates_;
};

}  // namespace chorus::agent
