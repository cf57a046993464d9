// Traffic of network interfaces, from /proc/net/dev of the agent's network namespace; state and
// speed from /sys/class/net.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/collect/network/interface_stack.h"
#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/net_dev.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// The loopback interface is left out everywhere. The host's rates are sums over the interfaces that
// InterfaceStack counts, so that no packet counts twice. If there are more than kMaxInterfaces,
// those with hardware are reported one by one first. The host's rates are over all of them.
class NetworkCollector final : public Collector {
  public:
    NetworkCollector(Reader& proc, Reader& sys, ReadFaults& faults,
                     std::chrono::nanoseconds interval)
        : proc_(proc), sys_(sys), faults_(faults), gap_(interval), stack_(sys) {}
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
    std::optional<std::string_view> read_attribute(std::string_view name, const char* attribute);
    using Roles = std::vector<InterfaceRole>;
    void emit_since_boot(const std::vector<NetDev>& devices, const Roles& roles, bool known,
                         MetricSink& out);
    void emit_interfaces(const std::vector<NetDev>& devices, const Roles& roles,
                         const std::vector<bool>& told, std::optional<double> seconds,
                         MetricSink& out);
    void keep_names(const std::vector<NetDev>& devices, const std::vector<bool>& told);
    Rates rates_of(const NetDev& device, std::optional<double> seconds);
    void emit_rates(std::string_view name, const Rates& rates, MetricSink& out);
    void emit_link(std::string_view name, const Rates& rates, MetricSink& out);
    void forget_absent(const std::vector<NetDev>& devices);

    Reader& proc_;
    Reader& sys_;
    ReadFaults& faults_;
    SampleGap gap_;
    PreviousSamples<Counters> previous_;
    std::vector<std::string> interfaces_;  // reported in the last sample, in its order
    InterfaceStack stack_;
    std::set<std::string, std::less<>> had_speed_;
};

}  // namespace chorus::agent
