// TCP connections by state.
#pragma once

#include <functional>
#include <optional>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/gauges.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "agent/procfs/tcp_states.h"

namespace chorus::agent {

class TcpStateCollector final : public Collector {
  public:
    using Ask = std::function<std::optional<TcpStates>()>;

    // `ask` is tried first. If it has no answer, /proc/net/tcp and tcp6 are read.
    TcpStateCollector(Reader& proc, ReadFaults& faults, Ask ask);
    void collect(MetricSink& out) override;

  private:
    std::optional<TcpStates> read_files();

    Reader& proc_;
    ReadFaults& faults_;
    Ask ask_;
    Gauges gauges_;
};

}  // namespace chorus::agent
