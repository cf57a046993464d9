#include "agent/collect/vmstat_collector.h"

#include <array>
#include <span>

#include "agent/procfs/named_values.h"

namespace chorus::agent {
namespace {

struct VmstatRate {
    std::string_view counter;
    RateSeries series;
    bool in_pages = false;  // times the size of a page
};

// pgpgin and pgpgout count KiB, pswpin and pswpout pages: Linux mm/vmstat.c.
constexpr auto kVmstatRates = std::to_array<VmstatRate>({
    {"pgfault", {"memory_page_faults_per_sec", "per_sec"}},
    {"pgmajfault", {"memory_major_faults_per_sec", "per_sec"}},
    {"pgpgin", {"memory_page_in_bytes_per_sec", "bytes_per_sec", 1'024}},
    {"pgpgout", {"memory_page_out_bytes_per_sec", "bytes_per_sec", 1'024}},
    {"pgscan_direct", {"memory_direct_reclaim_per_sec", "per_sec"}},
    {"oom_kill", {"memory_oom_kills_count", "count", 1, false}},
    {"pswpin", {"swap_in_bytes_per_sec", "bytes_per_sec"}, true},
    {"pswpout", {"swap_out_bytes_per_sec", "bytes_per_sec"}, true},
});
constexpr std::size_t kRateCount = kVmstatRates.size();

// Those of the rates, and then those of reclaim(), which reclaim within a cgroup counts too.
constexpr auto kVmstatNames = [] {
    std::array<ValueName, kRateCount + 2> names{};
    for (std::size_t i = 0; i < kRateCount; ++i) names[i] = {"", kVmstatRates[i].counter};
    names[kRateCount] = {"", "pgscan_anon"};
    names[kRateCount + 1] = {"", "pgscan_file"};
    return names;
}();

std::vector<RateSeries> series(std::int64_t page_bytes) {
    std::vector<RateSeries> all;
    for (const auto& rate : kVmstatRates) {
        all.push_back(rate.series);
        if (rate.in_pages) all.back().factor = static_cast<double>(page_bytes);
    }
    return all;
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
    std::array<Counter, kVmstatNames.size()> counters{};
    parse_name_value_lines(file.text, kVmstatNames, counters);
    rates_.emit(file.at, std::span(counters).first(kRateCount), out);
    const Counter anonymous = counters[kRateCount], of_files = counters[kRateCount + 1];
    if (anonymous && of_files) reclaim_ = *anonymous + *of_files;
}

}  // namespace chorus::agent
