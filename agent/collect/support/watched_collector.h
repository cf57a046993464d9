// A collector that does not hang when a device is stuck.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "agent/collect/support/collector.h"

namespace chorus::agent {

// Collects in a helper thread and waits for it up to a deadline. If the thread does not come back,
// no other one is started until it does. So a stuck device holds one thread. Meanwhile the last
// series are reported without values.
class WatchedCollector final : public Collector {
  public:
    // `risky` owns all it uses: its thread may outlive this object.
    WatchedCollector(std::shared_ptr<Collector> risky, std::chrono::milliseconds deadline);
    void collect(MetricSink& out) override;

  private:
    struct Round;
    bool collect_in_time();

    std::shared_ptr<Collector> risky_;
    std::chrono::milliseconds deadline_;
    std::shared_ptr<Round> running_;
    std::vector<SeriesKey> layout_;
    std::vector<double> values_;
    std::size_t relabelled_ = 0;
};

}  // namespace chorus::agent
