#include "agent/collect/cgroup_collector.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/collect/support/gauges.h"
#include "agent/procfs/cpu_list.h"

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

// Mounts, swap and sockets are units without anything below them.
bool has_no_groups(std::string_view name) {
    return name.ends_with(".mount") || name.ends_with(".swap") || name.ends_with(".socket");
}

// Scopes of containers and machines are in slices of their own.
bool is_session(std::string_view path) {
    return path.starts_with("/user.slice/") && path.ends_with(".scope");
}

// Empty = it belongs to nobody, or to more than one below it.
std::string label_of(const CgroupPlace& place, std::string_view name, const std::string& path) {
    if (!place.unit().empty()) return place.unit();
    if (!place.container().empty()) return place.container();
    return is_unit_with_processes(name) ? path.substr(1) : std::string{};
}

// Their paths tell those with the same label apart, for as long as they are there.
void make_labels_unique(auto& groups) {
    std::map<std::string_view, int> uses;
    for (const auto& group : groups) ++uses[group.label];
    std::vector<bool> twice;
    twice.reserve(groups.size());
    for (const auto& group : groups) twice.push_back(uses[group.label] > 1);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (twice[i]) groups[i].label = groups[i].path.substr(1);
    }
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
    Walk walk;
    find_groups("", {}, std::nullopt, 0, walk);
    cut(walk.found, out);
    make_labels_unique(walk.found);
    told_.clear();
    for (const Group& group : walk.found) {
        emit(group, out);
        told_.insert(group.path);
    }
    previous_.end_cycle();
}

void CgroupCollector::find_groups(const std::string& path, const CgroupPlace& place,
                                  std::optional<std::uint64_t> limit, int depth, Walk& walk) {
    for (const std::string& name : sys_.list_directories(hierarchy_->root() + path)) {
        if (++walk.visited > kMostVisited) return;
        if (has_no_groups(name)) continue;
        const std::string child = path + '/' + name;
        CgroupPlace inner = place;
        inner.enter(name);
        const auto own_limit = smaller(limit, hierarchy_->memory_limit(child));
        const std::string label = label_of(inner, name, child);
        // A container whose own group tells nothing is told by the groups in it.
        const bool tells = !inner.unit().empty() || hierarchy_->memory(child);
        if (!label.empty() && tells) {
            walk.found.push_back({child, label, own_limit});
        } else if (depth < kDeepest) {
            find_groups(child, inner, own_limit, depth + 1, walk);
        }
    }
}

// One that was told before has to be beaten clearly: series that come and go are of little use.
void CgroupCollector::cut(std::vector<Group>& groups, MetricSink& out) {
    if (groups.size() <= kMostGroups) return;
    using Rank = std::tuple<bool, std::uint64_t, std::size_t>;
    std::vector<Rank> ranks;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::string& path = groups[i].path;
        const std::uint64_t memory = hierarchy_->memory(path).value_or(0);
        const std::uint64_t weight = told_.contains(path) ? memory + memory / 4 : memory;
        ranks.emplace_back(is_session(path), ~weight, i);
    }
    const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(kMostGroups);
    std::partial_sort(ranks.begin(), end, ranks.end());
    std::sort(ranks.begin(), end, [](const Rank& a, const Rank& b) {
        return std::get<2>(a) < std::get<2>(b);  // as they lie in the tree
    });
    out.left_out("cgroups", groups.size() - kMostGroups);
    std::vector<Group> kept;
    for (auto rank = ranks.begin(); rank != end; ++rank) {
        kept.push_back(std::move(groups[std::get<2>(*rank)]));
    }
    groups = std::move(kept);
}

void CgroupCollector::emit(const Group& group, MetricSink& out) {
    const Sample now{hierarchy_->read(group.path), clock_.since_boot()};
    const auto last = previous_.exchange(group.path, now);
    const bool known = last && now.at > last->at && now.at - last->at <= longest_gap_;
    const double seconds =
        known ? std::chrono::duration<double>(now.at - last->at).count() : kNoValue;
    const CgroupUsage none;
    const CgroupUsage& before = known ? last->usage : none;
    const CgroupUsage& f = now.usage;
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
