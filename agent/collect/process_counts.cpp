#include "agent/collect/process_counts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/procfs/loadavg.h"
#include "agent/procfs/overlaid_files.h"
#include "agent/procfs/support/text_scan.h"
#include "common/log.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr Logger kProcessCountsLog{"collect"};
constexpr std::array<GaugeSeries, 5> kCountSeries{{{"system_processes_count", "count"},
                                                   {"system_threads_count", "count"},
                                                   {"system_zombies_count", "count"},
                                                   {"system_uninterruptible_count", "count"},
                                                   {"system_pid_usage_percent", "percent"}}};

std::optional<std::int64_t> read_limit(Reader& proc, ReadFaults& faults, const char* path) {
    const auto file = proc.read_record(path);
    if (file) return parse_number<std::int64_t>(trim(file.text));
    faults.note("/proc/sys/kernel", file.error);
    return std::nullopt;
}

}  // namespace

ProcessCountCollector::ProcessCountCollector(Reader& proc, ReadFaults& faults,
                                             const ProcessScanner& scanner)
    : proc_(proc),
      faults_(faults),
      scanner_(scanner),
      guest_(OverlaidFiles(proc).contains("loadavg")),
      gauges_(kCountSeries) {}

bool processes_are_hidden(std::int64_t seen, std::int64_t all) {
    return all > 8 * seen + 64;
}

bool ProcessCountCollector::sees_all(std::int64_t threads) {
    const auto file = proc_.read("loadavg");
    const auto all = file ? parse_loadavg(file.text).threads : std::nullopt;
    if (guest_ || !all || !processes_are_hidden(threads, *all)) return true;
    if (!std::exchange(told_, true)) {
        kProcessCountsLog.warning(
            "Most processes are hidden from the agent, so the host's are not counted",
            {{"threads_seen", threads},
             {"threads", *all},
             {"remedy", "let it see /proc without hidepid=, or give it the PIDs of the host"}});
    }
    return false;
}

void ProcessCountCollector::collect(MetricSink& out) {
    const auto counts = scanner_.counts();
    if (!counts) {
        gauges_.emit(std::array<std::optional<double>, kCountSeries.size()>{}, out);
        return;
    }
    if (!sees_all(counts->threads)) {  // said to be unknown, also from the first time on
        for (const GaugeSeries& series : kCountSeries)
            out.add(series.metric_type, series.unit, kNoValue);
        return;
    }
    // Every thread takes a PID; both settings bound their number.
    const auto pids = read_limit(proc_, faults_, "sys/kernel/pid_max");
    const auto threads = read_limit(proc_, faults_, "sys/kernel/threads-max");
    const auto limit = pids && threads ? std::optional(std::min(*pids, *threads)) : std::nullopt;
    const auto value = [](std::int64_t n) { return std::optional(static_cast<double>(n)); };
    gauges_.emit(std::array{value(counts->processes), value(counts->threads),
                            value(counts->zombies), value(counts->uninterruptible),
                            share_percent(std::optional(counts->threads), limit)},
                 out);
}

}  // namespace chorus::agent
