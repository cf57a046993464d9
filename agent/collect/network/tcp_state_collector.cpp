#include "agent/collect/network/tcp_state_collector.h"

#include <array>
#include <cerrno>
#include <utility>

namespace chorus::agent {
namespace {

constexpr std::array<GaugeSeries, 5> kStateSeries{{{"tcp_established_count", "count"},
                                                   {"tcp_time_wait_count", "count"},
                                                   {"tcp_close_wait_count", "count"},
                                                   {"tcp_syn_recv_count", "count"},
                                                   {"tcp_listen_count", "count"}}};

}  // namespace

TcpStateCollector::TcpStateCollector(Reader& proc, ReadFaults& faults, Ask ask)
    : proc_(proc), faults_(faults), ask_(std::move(ask)), gauges_(kStateSeries) {}

void TcpStateCollector::collect(MetricSink& out) {
    auto states = ask_();
    if (!states) states = read_files();
    std::array<std::optional<double>, kStateSeries.size()> values{};
    if (states) {
        values = {states->established, states->time_wait, states->close_wait, states->syn_recv,
                  states->listen};
    }
    gauges_.emit(values, out);
}

std::optional<TcpStates> TcpStateCollector::read_files() {
    std::optional<TcpStates> states;
    for (const char* path : {"net/tcp", "net/tcp6"}) {
        const auto file = proc_.read(path);
        if (file) {
            if (!states) states.emplace();
            add_tcp_lines(file.text, *states);
        } else if (file.error != ENOENT) {  // a host without IPv6 has no tcp6
            faults_.note("/proc/net/tcp", file.error);
            return std::nullopt;
        }
    }
    return states;
}

}  // namespace chorus::agent
