#include "agent/collect/network/socket_collector.h"

#include <array>

#include "agent/procfs/named_values.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

constexpr std::array<ValueName, 3> kNames{{{"sockets", "used"}, {"TCP", "orphan"}, {"TCP", "mem"}}};
constexpr std::array<GaugeSeries, 3> kSocketSeries{{{"sockets_used_count", "count"},
                                                    {"tcp_orphan_count", "count"},
                                                    {"tcp_memory_usage_percent", "percent"}}};

}  // namespace

SocketCollector::SocketCollector(Reader& proc, ReadFaults& faults)
    : proc_(proc), faults_(faults), gauges_(kSocketSeries) {}

void SocketCollector::collect(MetricSink& out) {
    std::array<std::optional<std::uint64_t>, kNames.size()> values{};
    if (const auto file = proc_.read("net/sockstat")) {
        parse_group_lines(file.text, kNames, values);
    } else {
        faults_.note("/proc/net/sockstat", file.error);
    }
    const auto [used, orphans, memory] = values;
    const auto limit = memory ? tcp_memory_limit() : std::nullopt;
    gauges_.emit(std::array{as_value(used), as_value(orphans), share_percent(memory, limit)}, out);
}

std::optional<std::uint64_t> SocketCollector::tcp_memory_limit() {
    // Only the first network namespace has this file, and it is the one that counts the memory.
    const auto file = proc_.read_record("sys/net/ipv4/tcp_mem");
    if (!file) return std::nullopt;
    auto line = file.text.substr(0, file.text.find('\n'));
    next_word(line);
    next_word(line);
    return next_number<std::uint64_t>(line);
}

}  // namespace chorus::agent
