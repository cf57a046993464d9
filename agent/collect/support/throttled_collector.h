// A collector that runs less often than the others.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/procfs/support/boot_clock.h"

namespace chorus::agent {

// Between two runs it reports the last values again, so that every batch is complete. Use it only
// for values of the moment: a growth would be counted twice.
class ThrottledCollector final : public Collector {
  public:
    ThrottledCollector(std::unique_ptr<Collector> slow, std::chrono::nanoseconds period,
                       const BootClock& clock)
        : slow_(std::move(slow)), period_(period), clock_(clock) {}
    void collect(MetricSink& out) override;

  private:
    std::unique_ptr<Collector> slow_;
    std::chrono::nanoseconds period_;
    const BootClock& clock_;
    std::optional<std::chrono::nanoseconds> asked_;
    std::vector<SeriesKey> layout_;
    std::vector<double> values_;
    std::size_t relabelled_ = 0;
};

}  // namespace chorus::agent
