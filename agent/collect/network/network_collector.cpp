#include "agent/collect/network/network_collector.h"

#include <algorithm>
#include <utility>

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

bool went_back(const TrafficCounters& before, const TrafficCounters& now) {
    return now.bytes < before.bytes || now.packets < before.packets || now.errors < before.errors ||
           now.drops < before.drops;
}

bool is_zero(const auto& counters) {
    return counters.receive.bytes == 0 && counters.receive.packets == 0 &&
           counters.transmit.bytes == 0 && counters.transmit.packets == 0;
}

// Drivers and old kernels write "unknown" as -1, or as that in 16 or 32 bits.
bool is_speed(double mbps) {
    return mbps > 0 && mbps != 0xFFFF && mbps < 0xFFFF'FFFF;
}

// Some drivers count every two seconds only, so a second may seem to hold twice as much. What is
// more, says that the speed is not true, as it often is not of a virtual interface.
double usage_percent(double bytes_per_second, double mbps) {
    const double percent = 100 * 8 * bytes_per_second / (mbps * 1e6);
    return percent <= 200 ? std::min(percent, 100.0) : kNoValue;
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
    } else {
        faults_.note("/proc/net/dev", file.error);
        gap_.forget();
        // Their series stay, without values.
        for (const std::string& name : interfaces_) {
            devices.emplace_back();
            devices.back().name = name;
        }
    }
    const Roles roles = stack_.roles(devices);
    const auto told = choose_told(devices.size(), kMaxInterfaces, [&](std::size_t i) {
        return stack_.has_hardware(devices[i].name);
    });
    out.left_out("interfaces", devices.size() - std::min(devices.size(), kMaxInterfaces));
    emit_since_boot(devices, roles, static_cast<bool>(file), out);
    emit_interfaces(devices, roles, told, seconds, out);
    if (file) keep_names(devices, told);
    previous_.end_cycle();
    forget_absent(devices);
}

// The original summed up all interfaces; bridges and containers are still among them.
void NetworkCollector::emit_since_boot(const std::vector<NetDev>& devices, const Roles& roles,
                                       bool known, MetricSink& out) {
    Counters sum{};
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const NetDev& device = devices[i];
        if (roles[i] == InterfaceRole::hardware) continue;
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

void NetworkCollector::emit_interfaces(const std::vector<NetDev>& devices, const Roles& roles,
                                       const std::vector<bool>& told, std::optional<double> seconds,
                                       MetricSink& out) {
    Rates sum{};
    const auto add = [](Traffic& to, const Traffic& from) {
        to.bytes += from.bytes;
        to.packets += from.packets;
        to.errors += from.errors;
        to.drops += from.drops;
    };
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const NetDev& device = devices[i];
        const Rates rates = rates_of(device, seconds);
        if (told[i]) emit_rates(device.name, rates, out);
        if (roles[i] == InterfaceRole::other) continue;
        if (told[i]) emit_link(device.name, rates, out);
        if (roles[i] != InterfaceRole::counted) continue;
        // An interface whose rates are not known makes those of the host unknown.
        add(sum.receive, rates.receive);
        add(sum.transmit, rates.transmit);
    }
    if (devices.empty()) {
        sum.receive = sum.transmit = {kNoValue, kNoValue, kNoValue, kNoValue};
    }
    emit_rates({}, sum, out);
}

NetworkCollector::Rates NetworkCollector::rates_of(const NetDev& device,
                                                   std::optional<double> seconds) {
    const Counters now{device.receive, device.transmit};
    const auto before = previous_.exchange(device.name, now);
    const bool back = before && (went_back(before->receive, now.receive) ||
                                 went_back(before->transmit, now.transmit));
    if (!before || back) seconds.reset();
    // Some drivers tell 0 for a moment: what follows is no growth.
    if (back && is_zero(now)) previous_.forget(device.name);
    const auto traffic = [&](const TrafficCounters& from, const TrafficCounters& to) {
        return Traffic{.bytes = per_second(from.bytes, to.bytes, seconds),
                       .packets = per_second(from.packets, to.packets, seconds),
                       .errors = per_second(from.errors, to.errors, seconds),
                       .drops = per_second(from.drops, to.drops, seconds)};
    };
    const Counters from = before.value_or(now);
    return {.receive = traffic(from.receive, now.receive),
            .transmit = traffic(from.transmit, now.transmit)};
}

// `name` is empty for the host.
void NetworkCollector::emit_rates(std::string_view name, const Rates& rates, MetricSink& out) {
    const auto& [rx, tx] = rates;
    out.add("network_receive_bytes_per_sec", name, "bytes_per_sec", rx.bytes);
    out.add("network_transmit_bytes_per_sec", name, "bytes_per_sec", tx.bytes);
    out.add("network_receive_packets_per_sec", name, "per_sec", rx.packets);
    out.add("network_transmit_packets_per_sec", name, "per_sec", tx.packets);
    out.add("network_receive_errors_per_sec", name, "per_sec", rx.errors);
    out.add("network_transmit_errors_per_sec", name, "per_sec", tx.errors);
    out.add("network_receive_drops_per_sec", name, "per_sec", rx.drops);
    out.add("network_transmit_drops_per_sec", name, "per_sec", tx.drops);
}

void NetworkCollector::emit_link(std::string_view name, const Rates& rates, MetricSink& out) {
    // RFC 2863: a driver that does not tell its state is "unknown"; then the carrier decides.
    const auto state = read_attribute(name, "operstate");
    if (!state) return;
    const bool unknown = *state == "unknown";
    const bool up = *state == "up" || (unknown && read_attribute(name, "carrier") == "1");
    out.add("network_link_up", name, "bool", up ? 1 : 0);
    const auto text = read_attribute(name, "speed");
    const auto mbps = text ? parse_number<double>(*text) : std::nullopt;
    const bool has_speed = mbps && is_speed(*mbps);
    if (has_speed) had_speed_.emplace(name);
    if (!had_speed_.contains(name)) return;
    double usage = kNoValue;
    if (has_speed) {
        const auto [rx, tx] = std::pair(rates.receive.bytes, rates.transmit.bytes);
        const bool half = read_attribute(name, "duplex") == "half";
        usage = usage_percent(half ? rx + tx : std::max(rx, tx), *mbps);
    }
    out.add("network_speed_mbps", name, "mbps", has_speed ? *mbps : kNoValue);
    out.add("network_usage_percent", name, "percent", usage);
}

// Until the next read of sysfs.
std::optional<std::string_view> NetworkCollector::read_attribute(std::string_view name,
                                                                 const char* attribute) {
    // EINVAL is how a driver says that there is no answer while the link is down.
    const auto file =
        sys_.read_record(("class/net/" + std::string(name) + '/' + attribute).c_str());
    return file ? std::optional(trim(file.text)) : std::nullopt;
}

// Of those that are told, for a cycle in which the file cannot be read.
void NetworkCollector::keep_names(const std::vector<NetDev>& devices,
                                  const std::vector<bool>& told) {
    interfaces_.clear();
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (told[i]) interfaces_.emplace_back(devices[i].name);
    }
}

// A name may come back as another interface.
void NetworkCollector::forget_absent(const std::vector<NetDev>& devices) {
    std::set<std::string_view> names;
    for (const NetDev& device : devices) names.insert(device.name);
    std::erase_if(had_speed_, [&](const std::string& name) { return !names.contains(name); });
}

}  // namespace chorus::agent
