// What each service and container uses, from its control group.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/collect/collector.h"
#include "agent/collect/rate.h"
#include "agent/procfs/cgroup_figures.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// Groups of systemd units (*.service, *.scope) and containers, by unit name or container id; a
// group inside of one is part of it. Hosts without control groups have no such series.
class CgroupCollector final : public Collector {
  public:
    // `interval` is the time between two calls.
    CgroupCollector(Reader& proc, Reader& sys, const BootClock& clock,
                    std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

    static constexpr std::size_t kMostGroups = 128;

  private:
    struct Group {
        std::string path;                    // below the hierarchy's root
        std::string label;                   // unit or container id
        std::optional<std::uint64_t> limit;  // the smallest of memory above it
    };
    struct Sample {
        CgroupFigures figures;
        std::chrono::nanoseconds at;
    };
    void find_groups(const std::string& path, std::optional<std::uint64_t> limit, int depth,
                     std::vector<Group>& found);
    void emit(const Group& group, MetricSink& out);

    Reader& sys_;
    const BootClock& clock_;
    std::chrono::nanoseconds longest_gap_;
    BlockStack stack_;
    double most_cpu_percent_ = 0;  // twice what the CPUs have: time is counted a little late
    std::unique_ptr<CgroupHierarchy> hierarchy_;
    PreviousSamples<Sample> previous_;
};

}  // namespace chorus::agent
