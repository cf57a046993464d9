// How long tasks waited for CPU, memory, I/O and interrupts, from /proc/pressure.
#pragma once

#include <array>
#include <chrono>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/counter_rates.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Uses the running totals, not the kernel's own averages, because totals are exact for our
// interval. Kernels without pressure stall information give no series.
class PressureCollector final : public Collector {
  public:
    PressureCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

  private:
    struct Resource {
        const char* file;
        std::array<RateSeries, 2> series;  // some, full
        bool some, full;                   // which of them are reported
    };
    struct Source {
        const Resource* resource;
        CounterRates rates;
    };
    static const std::array<Resource, 4> kResources;

    Reader& proc_;
    ReadFaults& faults_;
    std::vector<Source> sources_;
};

}  // namespace chorus::agent
