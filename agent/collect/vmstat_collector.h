// Paging, swapping and reclaim, from /proc/vmstat.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/counter_rates.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class VmstatCollector final : public Collector {
  public:
    VmstatCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval,
                    std::int64_t page_bytes);
    void collect(MetricSink& out) override;
    // Pages that the kernel scanned since boot to reclaim them, as of the last collect(). nullopt
    // before Linux 5.8 and if the file could not be read.
    std::optional<std::uint64_t> reclaim() const { return reclaim_; }

  private:
    Reader& proc_;
    ReadFaults& faults_;
    std::vector<RateSeries> series_;
    CounterRates rates_;
    std::optional<std::uint64_t> reclaim_;
};

}  // namespace chorus::agent
