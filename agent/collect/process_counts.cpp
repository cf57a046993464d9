#include "agent/collect/process_counts.h"

#include <algorithm>
#include <array>

#include "agent/procfs/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::array<GaugeSeries, 5> kSeries{{{"system_processes_count", "count"},
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
    : proc_(proc), faults_(faults), scanner_(scanner), gauges_(kSeries) {}

void ProcessCountCollector::collect(MetricSink& out) {
    const auto counts = scanner_.counts();
    if (!counts) {
        gauges_.emit(std::array<std::optional<double>, kSeries.size()>{}, out);
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
