// Memory and swap, from /proc/meminfo.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/collect/collector.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

class MemoryCollector final : public Collector {
  public:
    MemoryCollector(Reader& proc, ReadFaults& faults) : proc_(proc), faults_(faults) {}
    void collect(MetricSink& out) override;

    // MemTotal in bytes at the last cycle.
    std::optional<std::uint64_t> total_bytes() const { return total_bytes_; }

  private:
    Reader& proc_;
    ReadFaults& faults_;
    std::optional<std::uint64_t> total_bytes_;
};

}  // namespace chorus::agent
