// How many processes and threads there are and how near that is to the kernel's limits.
#pragma once

#include "agent/collect/collector.h"
#include "agent/collect/gauges.h"
#include "agent/process/process_scanner.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// Reads no process itself: `scanner` has just walked over all of them.
class ProcessCountCollector final : public Collector {
  public:
    ProcessCountCollector(Reader& proc, ReadFaults& faults, const ProcessScanner& scanner);
    void collect(MetricSink& out) override;

  private:
    Reader& proc_;
    ReadFaults& faults_;
    const ProcessScanner& scanner_;
    Gauges gauges_;
};

}  // namespace chorus::agent
