#include "agent/collect/network_collector.h"

namespace chorus::agent {
namespace {

bool went_back(const TrafficCounters& before, const TrafficCounters& now) {
    return now.bytes < before.bytes || now.packets < before.packets || now.errors < before.errors ||
           now.drops < before.drops;
}

}  // namespace

void NetworkCollector::collect(MetricSink& out) {
    std::vector<NetDev> devices;
    std::optional<double> seconds;
    // "net" is a link to the reader's own "self/net"; below a recorded tree it is a directory.
    const auto file = proc_.read("net/dev");
    if (file) {
        seconds = gap_.step(file.at);
        devices = parse_net_dev(file.text);
        std::erase_if(devices, [](const NetDev& device) { return device.name == "lo"; });
        if (devices.size() > kMaxInterfaces) devices.resize(kMaxInterfaces);
        interfaces_.clear();
        for (const NetDev& device : devices) interfaces_.emplace_back(device.name);
    } else {
        faults_.note("/proc/net/dev", file.error);
        gap_.forget();
        // Their series stay, without values.
        for (const std::string& name : interfaces_) {
            devices.emplace_back();
            devices.back().name = name;
        }
    }
    emit_totals(devices, static_cast<bool>(file), out);
    for (const NetDev& device : devices) emit_interface(device, seconds, out);
    previous_.end_cycle();
}

void NetworkCollector::emit_totals(const std::vector<NetDev>& devices, bool known,
                                   MetricSink& out) {
    Counters sum{};
    for (const NetDev& device : devices) {
        sum.receive.bytes += device.receive.bytes;
        sum.receive.packets += device.receive.packets;
        sum.transmit.bytes += device.transmit.bytes;
        sum.transmit.packets += device.transmit.packets;
    }
    const auto value = [&](std::uint64_t n) { return known ? static_cast<double>(n) : kNoValue; };
    out.add("network_bytes_sent", "bytes", value(sum.transmit.bytes));
    out.add("network_bytes_recv", "bytes", value(sum.receive.bytes));
    out.add("network_packets_sent", "count", value(sum.transmit.packets));
    out.add("network_packets_recv", "count", value(sum.receive.packets));
}

void NetworkCollector::emit_interface(const NetDev& device, std::optional<double> seconds,
                                      MetricSink& out) {
    const Counters now{device.receive, device.transmit};
    const auto before = previous_.exchange(device.name, now);
    const bool back = before && (went_back(before->receive, now.receive) ||
                                 went_back(before->transmit, now.transmit));
    if (!before || back) seconds.reset();
    const Counters from = before.value_or(now);
    const auto add = [&](const char* name, const char* unit, std::uint64_t earlier,
                         std::uint64_t later) {
        out.add(name, device.name, unit, per_second(earlier, later, seconds));
    };
    const auto& [rx0, tx0] = from;
    const auto& [rx1, tx1] = now;
    add("network_receive_bytes_per_sec", "bytes_per_sec", rx0.bytes, rx1.bytes);
    add("network_transmit_bytes_per_sec", "bytes_per_sec", tx0.bytes, tx1.bytes);
    add("network_receive_packets_per_sec", "per_sec", rx0.packets, rx1.packets);
    add("network_transmit_packets_per_sec", "per_sec", tx0.packets, tx1.packets);
    add("network_receive_errors_per_sec", "per_sec", rx0.errors, rx1.errors);
    add("network_transmit_errors_per_sec", "per_sec", tx0.errors, tx1.errors);
    add("network_receive_drops_per_sec", "per_sec", rx0.drops, rx1.drops);
    add("network_transmit_drops_per_sec", "per_sec", tx0.drops, tx1.drops);
}

}  // namespace chorus::agent
