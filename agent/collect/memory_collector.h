// Memory and swap, from /proc/meminfo and the statistics of OpenZFS.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/gauges.h"
#include "agent/procfs/arcstats.h"
#include "agent/procfs/meminfo.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

class MemoryCollector final : public Collector {
  public:
    MemoryCollector(Reader& proc, ReadFaults& faults);
    void collect(MetricSink& out) override;

    // MemTotal in bytes at the last cycle.
    std::optional<std::uint64_t> total_bytes() const { return total_bytes_; }

  private:
    // nullopt also if the cache is not this machine's.
    std::optional<ArcStats> read_arc(std::optional<std::uint64_t> used);
    void emit_parts(const MemInfo& info, const std::optional<ArcStats>& arc, MetricSink& out);

    Reader& proc_;
    ReadFaults& faults_;
    const bool guest_;  // in a container that sees its own memory alone
    std::optional<std::uint64_t> total_bytes_;
    Gauges parts_;
};

}  // namespace chorus::agent
