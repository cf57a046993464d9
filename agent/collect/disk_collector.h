// Traffic of block devices, from /proc/diskstats.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/collector.h"
#include "agent/collect/disk_rates.h"
#include "agent/collect/disk_stack.h"
#include "agent/collect/rate.h"
#include "agent/procfs/diskstats.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// Rates are told for every whole device but loop, ram and zram; the host's counters are summed over
// those that DiskStack counts, so that no request counts twice. Of more than kMaxDisks those with
// hardware are told one by one first; the host's counters are over all.
class DiskCollector final : public Collector {
  public:
    DiskCollector(Reader& proc, Reader& sys, ReadFaults& faults, std::chrono::nanoseconds interval)
        : proc_(proc), faults_(faults), gap_(interval), stack_(sys) {}
    void collect(MetricSink& out) override;

  private:
    void emit_totals(const std::vector<DiskStats>& disks, const std::vector<bool>& counted,
                     bool known, MetricSink& out);
    // Of each disk: whether it is part of the host's figures, and whether it has its own.
    struct Choice {
        const std::vector<bool>& counted;
        const std::vector<bool>& told;
    };
    void emit_devices(const std::vector<DiskStats>& disks, const Choice& choice,
                      std::optional<double> seconds, bool known, MetricSink& out);
    void keep_names(const std::vector<DiskStats>& disks, const std::vector<bool>& told);

    Reader& proc_;
    ReadFaults& faults_;
    SampleGap gap_;
    PreviousSamples<DiskCounters> previous_;
    std::vector<std::string> devices_;  // told of the last sample, in its order
    DiskStack stack_;
};

}  // namespace chorus::agent
