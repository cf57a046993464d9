// Traffic of block devices, from /proc/diskstats.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/collector.h"
#include "agent/collect/disk_rates.h"
#include "agent/collect/rate.h"
#include "agent/procfs/diskstats.h"
#include "agent/procfs/read_faults.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// Rates are told for every whole device but loop, ram and zram; the host's counters are summed over
// those with hardware behind them (/sys/block/X/device), so that dm and md do not count twice.
class DiskCollector final : public Collector {
  public:
    DiskCollector(Reader& proc, Reader& sys, ReadFaults& faults, std::chrono::nanoseconds interval)
        : proc_(proc), sys_(sys), faults_(faults), gap_(interval) {}
    void collect(MetricSink& out) override;

  private:
    enum class Kind { partition, stacked, hardware };
    Kind kind_of(std::string_view name);
    Kind kind_of_totals(const std::vector<DiskStats>& disks);
    void emit_totals(const std::vector<DiskStats>& disks, bool known, MetricSink& out);
    void emit_devices(const std::vector<DiskStats>& disks, std::optional<double> seconds,
                      bool known, MetricSink& out);
    void forget_absent(const std::vector<DiskStats>& disks);

    Reader& proc_;
    Reader& sys_;
    ReadFaults& faults_;
    SampleGap gap_;
    PreviousSamples<DiskCounters> previous_;
    std::vector<std::string> devices_;  // of the last sample, in its order
    std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace chorus::agent
