#include "agent/collect/vmstat_collector.h"

#include <array>
#include <span>

#include "agent/procfs/named_values.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kRateCount = 8;
// In the order of series(), and then those of reclaim(), which reclaim within a cgroup counts too.
constexpr std::array<ValueName, kRateCount + 2> kNames{{{"", "pgfault"},
                                                        {"", "pgmajfault"},
                                                        {"", "pgpgin"},
                                                        {"", "pgpgout"},
                                                        {"", "pgscan_direct"},
                                                        {"", "oom_kill"},
                                                        {"", "pswpin"},
                                                        {"", "pswpout"},
                                                        {"", "pgscan_anon"},
                                                        {"", "pgscan_file"}}};

// pgpgin and pgpgout count KiB, pswpin and pswpout pages: Linux mm/vmstat.c.
std::vector<RateSeries> series(std::int64_t page_bytes) {
    const auto page = static_cast<double>(page_bytes);
    return {{"memory_page_faults_per_sec", "per_sec"},
            {"memory_major_faults_per_sec", "per_sec"},
            {"memory_page_in_bytes_per_sec", "bytes_per_sec", 1'024},
            {"memory_page_out_bytes_per_sec", "bytes_per_sec", 1'024},
            {"memory_direct_reclaim_per_sec", "per_sec"},
            {"memory_oom_kills_count", "count", 1, false},
            {"swap_in_bytes_per_sec", "bytes_per_sec", page},
            {"swap_out_bytes_per_sec", "bytes_per_sec", page}};
}

}  // namespace

VmstatCollector::VmstatCollector(Reader& proc, ReadFaults& faults,
                                 std::chrono::nanoseconds interval, std::int64_t page_bytes)
    : proc_(proc), faults_(faults), series_(series(page_bytes)), rates_(series_, interval) {}

void VmstatCollector::collect(MetricSink& out) {
    const auto file = proc_.read("vmstat");
    reclaim_.reset();
    if (!file) {
        faults_.note("/proc/vmstat", file.error);
        rates_.emit_unknown(out);
        return;
    }
    std::array<Counter, kNames.size()> counters{};
    parse_name_value_lines(file.text, kNames, counters);
    rates_.emit(file.at, std::span(counters).first(kRateCount), out);
    const Counter anonymous = counters[kRateCount], of_files = counters[kRateCount + 1];
    if (anonymous && of_files) reclaim_ = *anonymous + *of_files;
}

}  // namespace chorus::agent
