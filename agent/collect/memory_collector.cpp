#include "agent/collect/memory_collector.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/procfs/overlaid_files.h"

namespace chorus::agent {
namespace {

using MaybeBytes = std::optional<std::uint64_t>;

constexpr std::array<GaugeSeries, 12> kParts{{{"memory_free_bytes", "bytes"},
                                              {"memory_buffers_bytes", "bytes"},
                                              {"memory_cached_bytes", "bytes"},
                                              {"memory_shared_bytes", "bytes"},
                                              {"memory_slab_reclaimable_bytes", "bytes"},
                                              {"memory_slab_unreclaimable_bytes", "bytes"},
                                              {"memory_anon_bytes", "bytes"},
                                              {"memory_dirty_bytes", "bytes"},
                                              {"memory_commit_percent", "percent"},
                                              {"memory_hugepages_used_percent", "percent"},
                                              {"memory_zfs_arc_bytes", "bytes"},
                                              {"swap_cached_bytes", "bytes"}}};

double mib(MaybeBytes bytes) {
    return bytes ? static_cast<double>(*bytes) / (1024 * 1024) : kNoValue;
}

MaybeBytes remainder(MaybeBytes total, MaybeBytes rest) {
    if (!total || !rest) return std::nullopt;
    return *total - std::min(*total, *rest);
}

double percent(MaybeBytes part, MaybeBytes total) {
    return share_percent(part, total).value_or(kNoValue);
}

// The kernel counts shared memory and tmpfs into the page cache, but they cannot be dropped.
MaybeBytes page_cache(const MemInfo& info) {
    if (!info.cached) return std::nullopt;
    return remainder(*info.cached + info.reclaimable.value_or(0), info.shared.value_or(0));
}

MaybeBytes unwritten(const MemInfo& info) {
    if (!info.dirty) return std::nullopt;
    return *info.dirty + info.writeback.value_or(0);
}

}  // namespace

MemoryCollector::MemoryCollector(Reader& proc, ReadFaults& faults)
    : proc_(proc),
      faults_(faults),
      guest_(OverlaidFiles(proc).contains("meminfo")),
      parts_(kParts) {}

void MemoryCollector::collect(MetricSink& out) {
    MemInfo info;
    if (const auto file = proc_.read("meminfo")) {
        info = parse_meminfo(file.text);
    } else {
        faults_.note("/proc/meminfo", file.error);
    }
    total_bytes_ = info.total;
    auto available = info.usable();
    const auto arc = read_arc(remainder(info.total, available));
    // ZFS gives its cache back under pressure, but the kernel does not count it as available.
    if (available && arc) *available += arc->reclaimable();
    const auto used = remainder(info.total, available);
    const auto swap_used = remainder(info.swap_total, info.swap_free);
    out.add("memory_total_mb", "mb", mib(info.total));
    out.add("memory_available_mb", "mb", mib(available));
    out.add("memory_used_mb", "mb", mib(used));
    out.add("memory_usage_percent", "percent", percent(used, info.total));
    out.add("swap_total_mb", "mb", mib(info.swap_total));
    out.add("swap_used_mb", "mb", mib(swap_used));
    // A host without swap uses none of it: 0, as psutil says.
    const bool no_swap = info.swap_total == std::uint64_t{0};
    out.add("swap_usage_percent", "percent", no_swap ? 0 : percent(swap_used, info.swap_total));
    emit_parts(info, arc, out);
}

std::optional<ArcStats> MemoryCollector::read_arc(MaybeBytes used) {
    // The memory is a container's then, the cache its host's.
    if (guest_) return std::nullopt;
    const auto file = proc_.read("spl/kstat/zfs/arcstats");
    if (file) {
        auto arc = parse_arcstats(file.text);
        // More than is used here is in use elsewhere.
        return arc && used && arc->reclaimable() > *used ? std::nullopt : arc;
    }
    if (file.error != ENOENT) faults_.note("/proc/spl/kstat/zfs/arcstats", file.error);
    return std::nullopt;
}

void MemoryCollector::emit_parts(const MemInfo& info, const std::optional<ArcStats>& arc,
                                 MetricSink& out) {
    const bool swaps = info.swap_total.value_or(0) > 0;
    parts_.emit(
        std::array{as_value(info.free), as_value(info.buffers), as_value(page_cache(info)),
                   as_value(info.shared), as_value(info.reclaimable), as_value(info.unreclaimable),
                   as_value(info.anonymous), as_value(unwritten(info)),
                   share_percent(info.committed, info.commit_limit),
                   share_percent(remainder(info.hugepages_total, info.hugepages_free),
                                 info.hugepages_total),
                   arc ? std::optional(static_cast<double>(arc->size)) : std::nullopt,
                   swaps ? as_value(info.swap_cached) : std::nullopt},
        out);
}

}  // namespace chorus::agent
