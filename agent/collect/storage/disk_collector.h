// Traffic of block devices, from /proc/diskstats.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/storage/disk_rates.h"
#include "agent/collect/storage/disk_stack.h"
#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/diskstats.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Every whole device has rates of its own, but for loop, ram and zram. The host's counters are sums
// over the devices that DiskStack counts, so that no request counts twice. If there are more than
// kMaxDisks, those with hardware are reported one by one first. The host's counters are over all of
// them.
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
    std::vector<std::string> devices_;  // reported in the last sample, in its order
    DiskStack stack_;
};

}  // namespace chorus::agent
