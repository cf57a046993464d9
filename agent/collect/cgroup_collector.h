// What each service and container uses, from its control group.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/cgroup_usage.h"
#include "agent/procfs/pid/cgroup_place.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Reports the groups of the host's systemd units (*.service, *.scope) and of containers, by the
// names of CgroupPlace. A group inside such a group is part of it. A service manager in a container
// of unknown kind has units that are not the host's: their label is the whole path. Hosts without
// control groups have no such series.
class CgroupCollector final : public Collector {
  public:
    // `interval` is the time between two calls.
    CgroupCollector(Reader& proc, Reader& sys, const BootClock& clock,
                    std::chrono::nanoseconds interval);
    void collect(MetricSink& out) override;

    // If there are more groups than these, those that hold most memory are reported. Services and
    // containers come before scopes, which are mostly sessions.
    static constexpr std::size_t kMostGroups = 128;
    static constexpr std::size_t kMostVisited = 16'384;  // directories

  private:
    struct Group {
        std::string path;                    // below the hierarchy's root
        std::string label;                   // not always unique
        std::optional<std::uint64_t> limit;  // the smallest of memory above it
    };
    struct Sample {
        CgroupUsage usage;
        std::chrono::nanoseconds at;
    };
    struct Walk {
        std::vector<Group> found;
        std::size_t visited = 0;
    };
    void find_groups(const std::string& path, const CgroupPlace& place,
                     std::optional<std::uint64_t> limit, int depth, Walk& walk);
    void cut(std::vector<Group>& groups, MetricSink& out);
    void emit(const Group& group, MetricSink& out);

    Reader& sys_;
    const BootClock& clock_;
    std::chrono::nanoseconds longest_gap_;
    BlockStack stack_;
    double most_cpu_percent_ = 0;  // twice what the CPUs have: time is counted a little late
    std::unique_ptr<CgroupHierarchy> hierarchy_;
    PreviousSamples<Sample> previous_;         // by path: labels may be the same
    std::set<std::string, std::less<>> told_;  // paths, of the last cycle
};

}  // namespace chorus::agent
