// TCP connections by state.
#pragma once

#include <functional>
#include <optional>

#include "agent/collect/collector.h"
#include "agent/collect/gauges.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"
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
