#include "agent/collect/memory_collector.h"

#include <algorithm>

#include "agent/procfs/meminfo.h"

namespace chorus::agent {
namespace {

using MaybeBytes = std::optional<std::uint64_t>;

double mib(MaybeBytes bytes) {
    return bytes ? static_cast<double>(*bytes) / (1024 * 1024) : kNoValue;
}

MaybeBytes less(MaybeBytes total, MaybeBytes rest) {
    if (!total || !rest) return std::nullopt;
    return *total - std::min(*total, *rest);
}

double percent(MaybeBytes part, MaybeBytes total) {
    if (!part || !total || *total == 0) return kNoValue;
    return 100 * static_cast<double>(*part) / static_cast<double>(*total);
}

}  // namespace

void MemoryCollector::collect(MetricSink& out) {
    MemInfo info;
    if (const auto file = proc_.read("meminfo")) {
        info = parse_meminfo(file.text);
    } else {
        faults_.note("/proc/meminfo", file.error);
    }
    total_bytes_ = info.total;
    const auto used = less(info.total, info.usable());
    const auto swap_used = less(info.swap_total, info.swap_free);
    out.add("memory_total_mb", "mb", mib(info.total));
    out.add("memory_available_mb", "mb", mib(info.usable()));
    out.add("memory_used_mb", "mb", mib(used));
    out.add("memory_usage_percent", "percent", percent(used, info.total));
    out.add("swap_total_mb", "mb", mib(info.swap_total));
    out.add("swap_used_mb", "mb", mib(swap_used));
    // A host without swap uses none of it: 0, as psutil says.
    const bool no_swap = info.swap_total == std::uint64_t{0};
    out.add("swap_usage_percent", "percent", no_swap ? 0 : percent(swap_used, info.swap_total));
}

}  // namespace chorus::agent
