// Traffic of network interfaces, from /proc/net/dev of the agent's network namespace.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/collector.h"
#include "agent/collect/rate.h"
#include "agent/procfs/net_dev.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// The loopback interface is left out everywhere.
class NetworkCollector final : public Collector {
  public:
    NetworkCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval)
        : proc_(proc), faults_(faults), gap_(interval) {}
    void collect(MetricSink& out) override;

  private:
    struct Counters {
        TrafficCounters receive, transmit;
    };
    void emit_totals(const std::vector<NetDev>& devices, bool known, MetricSink& out);
    void emit_interface(const NetDev& device, std::optional<double> seconds, MetricSink& out);

    Reader& proc_;
    ReadFaults& faults_;
    SampleGap gap_;
    PreviousSamples<Counters> previous_;
    std::vector<std::string> interfaces_;  // of the last sample, in its order
};

}  // namespace chorus::agent
