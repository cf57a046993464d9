// How many processes and threads there are, and how close that is to the kernel's limits.
#pragma once

#include "agent/collect/support/collector.h"
#include "agent/collect/support/gauges.h"
#include "agent/process/process_scanner.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Whether most processes are hidden from the agent, as by hidepid= or by a container with PIDs of
// its own. `seen` is what the agent sees. `all` is what /proc/loadavg counts, which nothing hides.
// A few come and go between the two reads.
bool processes_are_hidden(std::int64_t seen, std::int64_t all);

// The counts are those of the host, so they are unknown while processes are hidden. Reads no
// process itself: `scanner` has just read all of them.
class ProcessCountCollector final : public Collector {
  public:
    ProcessCountCollector(Reader& proc, ReadFaults& faults, const ProcessScanner& scanner);
    void collect(MetricSink& out) override;

  private:
    bool sees_all(std::int64_t threads);

    Reader& proc_;
    ReadFaults& faults_;
    const ProcessScanner& scanner_;
    const bool guest_;   // /proc/loadavg is a container's own
    bool told_ = false;  // has logged that processes are hidden
    Gauges gauges_;
};

}  // namespace chorus::agent
