// A collector that a stuck device cannot hang.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "agent/collect/collector.h"

namespace chorus::agent {

// Collects in a helper thread and waits for it up to a deadline. One that does not come back is
// left alone, and no other is started, until it does: a stuck device holds one thread. Meanwhile
// the last series are told without values.
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
