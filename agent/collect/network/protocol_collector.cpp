#include "agent/collect/network/protocol_collector.h"

#include <array>
#include <utility>

#include "agent/procfs/named_values.h"

namespace chorus::agent {
namespace {

// RFC 4022 and RFC 4113 define the names of /proc/net/snmp.
constexpr std::array<ValueName, 8> kSnmpNames{{{"Tcp", "ActiveOpens"},
                                               {"Tcp", "PassiveOpens"},
                                               {"Tcp", "AttemptFails"},
                                               {"Tcp", "OutRsts"},
                                               {"Tcp", "RetransSegs"},
                                               {"Udp", "InErrors"},
                                               {"Udp", "RcvbufErrors"},
                                               {"Tcp", "OutSegs"}}};
constexpr std::size_t kResent = 4, kSent = 7;
constexpr std::array<RateSeries, 7> kSnmpSeries{{{"tcp_active_opens_per_sec", "per_sec"},
                                                 {"tcp_passive_opens_per_sec", "per_sec"},
                                                 {"tcp_attempt_fails_per_sec", "per_sec"},
                                                 {"tcp_resets_sent_per_sec", "per_sec"},
                                                 {"tcp_retransmits_per_sec", "per_sec"},
                                                 {"udp_receive_errors_per_sec", "per_sec"},
                                                 {"udp_rcvbuf_errors_per_sec", "per_sec"}}};
// Linux net/ipv4/proc.c.
constexpr std::array<ValueName, 3> kNetstatNames{
    {{"TcpExt", "ListenOverflows"}, {"TcpExt", "ListenDrops"}, {"TcpExt", "SyncookiesSent"}}};
constexpr std::array<RateSeries, 3> kNetstatSeries{{{"tcp_listen_overflows_per_sec", "per_sec"},
                                                    {"tcp_listen_drops_per_sec", "per_sec"},
                                                    {"tcp_syncookies_sent_per_sec", "per_sec"}}};

// Below so many segments a share says nothing.
constexpr std::uint64_t kLeastSegments = 100;

}  // namespace

ProtocolCollector::ProtocolCollector(Reader& proc, ReadFaults& faults,
                                     std::chrono::nanoseconds interval)
    : proc_(proc),
      faults_(faults),
      snmp_(kSnmpSeries, interval),
      netstat_(kNetstatSeries, interval) {}

void ProtocolCollector::collect(MetricSink& out) {
    std::array<Counter, kSnmpNames.size()> snmp{};
    if (const auto file = proc_.read("net/snmp")) {
        parse_header_value_lines(file.text, kSnmpNames, snmp);
        snmp_.emit(file.at, std::span(snmp).first(kSnmpSeries.size()), out);
    } else {
        faults_.note("/proc/net/snmp", file.error);
        snmp_.emit_unknown(out);
    }
    emit_retransmit_share(snmp[kResent], snmp[kSent], out);
    std::array<Counter, kNetstatNames.size()> netstat{};
    if (const auto file = proc_.read("net/netstat")) {
        parse_header_value_lines(file.text, kNetstatNames, netstat);
        netstat_.emit(file.at, netstat, out);
    } else {
        faults_.note("/proc/net/netstat", file.error);
        netstat_.emit_unknown(out);
    }
}

void ProtocolCollector::emit_retransmit_share(Counter resent, Counter sent, MetricSink& out) {
    const auto resent_before = std::exchange(resent_before_, resent);
    const auto sent_before = std::exchange(sent_before_, sent);
    sent_seen_ = sent_seen_ || sent;
    if (!sent_seen_) return;
    double share = kNoValue;
    if (resent && sent && resent_before && sent_before && *resent >= *resent_before &&
        *sent >= *sent_before + kLeastSegments) {
        share = 100 * static_cast<double>(*resent - *resent_before) /
                static_cast<double>(*sent - *sent_before);
    }
    out.add("tcp_retransmit_percent", "percent", share);
}

}  // namespace chorus::agent
