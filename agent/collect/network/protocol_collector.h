// TCP and UDP as the kernel counts them, from /proc/net/snmp and /proc/net/netstat.
#pragma once

#include <chrono>
#include <optional>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/counter_rates.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class ProtocolCollector final : public Collector {
  public:
    ProtocolCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

  private:
    void emit_retransmit_share(Counter resent, Counter sent, MetricSink& out);

    Reader& proc_;
    ReadFaults& faults_;
    CounterRates snmp_;
    CounterRates netstat_;
    Counter resent_before_, sent_before_;
    bool sent_seen_ = false;
};

}  // namespace chorus::agent
