// What the agent itself costs, and what it could not do.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// Figures from the other parts of the agent.
struct AgentState {
    std::uint64_t dropped = 0;  // batches since the start
    std::uint64_t spool_batches = 0, spool_bytes = 0;
    double spool_oldest_seconds = 0;           // age; 0 = nothing waits
    double push_latency_ms = kNoValue;         // of the last batch that was stored
    double clock_skew_ms = kNoValue;           // the aggregator's clock less this host's
    double attributed_cpu_percent = kNoValue;  // of the host's CPU time, by processes
};

struct SelfConstants {
    std::int64_t ticks_per_second = 100;  // sysconf(_SC_CLK_TCK)
    std::int64_t page_bytes = 4'096;      // sysconf(_SC_PAGESIZE)
};

// Not a Collector: it runs last in a cycle and reports on the others.
class SelfCollector {
  public:
    SelfCollector(Reader& proc, ReadFaults& faults, std::chrono::nanoseconds interval,
                  SelfConstants constants)
        : proc_(proc), faults_(faults), constants_(constants), gap_(interval) {}

    // `took` is the time of this cycle so far.
    void collect(const std::optional<ProcessTable>& processes, std::chrono::nanoseconds took,
                 const AgentState& state, MetricSink& out);

  private:
    void emit_usage(MetricSink& out);
    void emit_faults(MetricSink& out);

    Reader& proc_;
    ReadFaults& faults_;
    SelfConstants constants_;
    SampleGap gap_;
    std::optional<std::uint64_t> ticks_;
    std::map<int, std::uint64_t> told_faults_;
};

}  // namespace chorus::agent
