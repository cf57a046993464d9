// Sockets in use and the memory of TCP, from /proc/net/sockstat.
#pragma once

#include "agent/collect/support/collector.h"
#include "agent/collect/support/gauges.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class SocketCollector final : public Collector {
  public:
    SocketCollector(Reader& proc, ReadFaults& faults);
    void collect(MetricSink& out) override;

  private:
    // The third number of tcp_mem, in pages: Documentation/networking/ip-sysctl.rst.
    std::optional<std::uint64_t> tcp_memory_limit();

    Reader& proc_;
    ReadFaults& faults_;
    Gauges gauges_;
};

}  // namespace chorus::agent
