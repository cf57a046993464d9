// Traffic of network interfaces, from /proc/net/dev of the agent's network namespace; state and
// speed from /sys/class/net.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/collector.h"
#include "agent/collect/rate.h"
#include "agent/procfs/net_dev.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// The loopback interface is left out everywhere. The host's rates are those of the interfaces with
// hardware behind them (/sys/class/net/X/device), so that bridges and containers do not count
// twice; of all interfaces where none has any, as in a container.
class NetworkCollector final : public Collector {
  public:
    NetworkCollector(Reader& proc, Reader& sys, ReadFaults& faults,
                     std::chrono::nanoseconds interval)
        : proc_(proc), sys_(sys), faults_(faults), gap_(interval) {}
    void collect(MetricSink& out) override;

  private:
    struct Counters {
        TrafficCounters receive, transmit;
    };
    // A second.
    struct Traffic {
        double bytes, packets, errors, drops;
    };
    struct Rates {
        Traffic receive, transmit;
    };
    struct Link {
        bool hardware = false;
        bool had_speed = false;
    };
    Link& link_of(std::string_view name);
    std::optional<std::string_view> read_attribute(std::string_view name, const char* attribute);
    void emit_since_boot(const std::vector<NetDev>& devices, bool known, MetricSink& out);
    void emit_interfaces(const std::vector<NetDev>& devices, std::optional<double> seconds,
                         MetricSink& out);
    Rates rates_of(const NetDev& device, std::optional<double> seconds);
    void emit_rates(std::string_view name, const Rates& rates, MetricSink& out);
    void emit_link(std::string_view name, const Rates& rates, MetricSink& out);
    void forget_absent(const std::vector<NetDev>& devices);

    Reader& proc_;
    Reader& sys_;
    ReadFaults& faults_;
    SampleGap gap_;
    PreviousSamples<Counters> previous_;
    std::vector<std::string> interfaces_;  // of the last sample, in its order
    std::map<std::string, Link, std::less<>> links_;
};

}  // namespace chorus::agent
