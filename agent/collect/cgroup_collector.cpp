#include "agent/collect/cgroup_collector.h"

#include <algorithm>
#include <limits>

#include "agent/collect/gauges.h"
#include "agent/procfs/cpu_list.h"
#include "agent/procfs/pid_cgroup.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

// Deep enough for the pods of Kubernetes below the slices of systemd.
constexpr int kDeepest = 8;

std::unique_ptr<CgroupHierarchy> find_hierarchy(Reader& sys, BlockStack& stack) {
    if (CgroupV2::is_mounted(sys)) return std::make_unique<CgroupV2>(sys, stack);
    if (CgroupV1::is_mounted(sys)) return std::make_unique<CgroupV1>(sys, stack);
    return nullptr;
}

using Count = std::optional<std::uint64_t>;

Count smaller(Count a, Count b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

Count less(Count whole, Count part) {
    if (!whole || !part) return std::nullopt;
    return *whole - std::min(*whole, *part);
}

// nullopt if one is unknown or it went back.
Count growth(Count before, Count now) {
    if (!before || !now || *now < *before) return std::nullopt;
    return *now - *before;
}

}  // namespace

CgroupCollector::CgroupCollector(Reader& proc, Reader& sys, const BootClock& clock,
                                 std::chrono::nanoseconds interval)
    : sys_(sys),
      clock_(clock),
      longest_gap_(3 * interval),
      stack_(proc, sys),
      hierarchy_(find_hierarchy(sys, stack_)) {}

void CgroupCollector::collect(MetricSink& out) {
    if (!hierarchy_) return;
    stack_.forget();
    const auto online = sys_.read("devices/system/cpu/online");
    const auto cpus = online ? count_cpu_list(online.text) : std::nullopt;
    most_cpu_percent_ =
        cpus ? 2 * 100.0 * static_cast<double>(*cpus) : std::numeric_limits<double>::infinity();
    std::vector<Group> groups;
    find_groups("", std::nullopt, 0, groups);
    for (const Group& group : groups) emit(group, out);
    previous_.end_cycle();
}

void CgroupCollector::find_groups(const std::string& path, std::optional<std::uint64_t> limit,
                                  int depth, std::vector<Group>& found) {
    for (const std::string& name : sys_.list_directories(hierarchy_->root() + path)) {
        if (found.size() >= kMostGroups) return;
        const std::string child = path + '/' + name;
        const auto own_limit = smaller(limit, hierarchy_->memory_limit(child));
        const std::string label = group_owner(name);
        if (!label.empty() && label.size() <= limits::kLabelBytes && !find_invalid_utf8(label)) {
            found.push_back({child, label, own_limit});
        } else if (depth < kDeepest) {
            find_groups(child, own_limit, depth + 1, found);
        }
    }
}

void CgroupCollector::emit(const Group& group, MetricSink& out) {
    const Sample now{hierarchy_->read(group.path), clock_.since_boot()};
    const auto last = previous_.exchange(group.label, now);
    const bool known = last && now.at > last->at && now.at - last->at <= longest_gap_;
    const double seconds =
        known ? std::chrono::duration<double>(now.at - last->at).count() : kNoValue;
    const CgroupFigures none;
    const CgroupFigures& before = known ? last->figures : none;
    const CgroupFigures& f = now.figures;
    // A series is told where the kernel has the figure, without a value at first.
    const auto rate = [&](const char* metric, const char* unit, Count from, Count to, double factor,
                          double most = std::numeric_limits<double>::infinity()) {
        if (!to) return;
        const double grown = from ? factor * per_second(*from, *to, seconds) : kNoValue;
        // As std::min would, but kNoValue stays.
        out.add(metric, group.label, unit, grown > most ? most : grown);
    };
    const auto gauge = [&](const char* metric, const char* unit, std::optional<double> value) {
        if (value) out.add(metric, group.label, unit, *value);
    };
    constexpr double percent_of_us = 100.0 / 1e6;
    if (f.cpu_us) {
        const double usage = before.cpu_us
                                 ? percent_of_us * per_second(*before.cpu_us, *f.cpu_us, seconds)
                                 : kNoValue;
        out.add("cgroup_cpu_usage_percent", group.label, "percent",
                usage <= most_cpu_percent_ ? usage : kNoValue);
    }
    if (f.periods && *f.periods > 0) {
        const auto share =
            share_percent(growth(before.throttled, f.throttled), growth(before.periods, f.periods));
        out.add("cgroup_cpu_throttled_percent", group.label, "percent", share.value_or(kNoValue));
    }
    gauge("cgroup_memory_bytes", "bytes", as_value(f.memory));
    gauge("cgroup_memory_working_set_bytes", "bytes", as_value(less(f.memory, f.inactive_file)));
    gauge("cgroup_memory_limit_percent", "percent", share_percent(f.memory, group.limit));
    if (f.oom_kills) {
        const auto kills = as_value(growth(before.oom_kills, f.oom_kills));
        out.add("cgroup_oom_kills_count", group.label, "count", kills.value_or(kNoValue));
    }
    rate("cgroup_io_read_bytes_per_sec", "bytes_per_sec", before.read_bytes, f.read_bytes, 1);
    rate("cgroup_io_write_bytes_per_sec", "bytes_per_sec", before.written_bytes, f.written_bytes,
         1);
    gauge("cgroup_pids_count", "count", as_value(f.pids));
    rate("cgroup_pressure_cpu_some_percent", "percent", before.cpu_some_us, f.cpu_some_us,
         percent_of_us, 100);
    rate("cgroup_pressure_memory_full_percent", "percent", before.memory_full_us, f.memory_full_us,
         percent_of_us, 100);
    rate("cgroup_pressure_io_full_percent", "percent", before.io_full_us, f.io_full_us,
         percent_of_us, 100);
}

}  // namespace chorus::agent
