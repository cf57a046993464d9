#include "agent/collect/kernel_limits.h"

#include <array>
#include <cerrno>

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::array<GaugeSeries, 3> kLimitGauges{{{"system_fd_used_count", "count"},
                                                   {"system_fd_usage_percent", "percent"},
                                                   {"network_conntrack_usage_percent", "percent"}}};
constexpr std::array<RateSeries, 1> kHung{{{"system_hung_tasks_count", "count", 1, false}}};

}  // namespace

KernelLimitsCollector::KernelLimitsCollector(Reader& proc, ReadFaults& faults,
                                             std::chrono::nanoseconds interval)
    : proc_(proc), faults_(faults), gauges_(kLimitGauges), hung_(kHung, interval) {}

void KernelLimitsCollector::collect(MetricSink& out) {
    std::optional<double> open, open_limit;
    if (const auto file = read("sys/fs/file-nr")) {
        auto line = file.text.substr(0, file.text.find('\n'));
        open = next_number<double>(line);
        next_word(line);  // free handles: always 0 since Linux 2.6
        open_limit = next_number<double>(line);
    }
    const auto tracked = read_number("sys/net/netfilter/nf_conntrack_count");
    const auto tracked_limit = read_number("sys/net/netfilter/nf_conntrack_max");
    gauges_.emit(
        std::array{open, share_percent(open, open_limit), share_percent(tracked, tracked_limit)},
        out);
    if (const auto file = read("sys/kernel/hung_task_detect_count")) {
        hung_.emit(file.at, std::array{parse_number<std::uint64_t>(trim(file.text))}, out);
    } else {
        hung_.emit_unknown(out);
    }
}

ReadResult KernelLimitsCollector::read(const char* path) {
    auto file = proc_.read_record(path);
    if (!file && file.error != ENOENT) faults_.note("/proc/sys", file.error);
    return file;
}

std::optional<double> KernelLimitsCollector::read_number(const char* path) {
    const auto file = read(path);
    return file ? parse_number<double>(trim(file.text)) : std::nullopt;
}

}  // namespace chorus::agent
