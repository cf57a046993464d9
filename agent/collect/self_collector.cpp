#include "agent/collect/self_collector.h"

#include <cstring>
#include <string>
#include <utility>

#include "agent/procfs/pid/pid_stat.h"

namespace chorus::agent {

void SelfCollector::collect(const std::optional<ProcessTable>& processes,
                            std::chrono::nanoseconds took, const AgentState& state,
                            MetricSink& out) {
    emit_usage(out);
    out.add("agent_collect_duration_ms", "ms",
            std::chrono::duration<double, std::milli>(took).count());
    out.add("agent_processes_scanned_count", "count",
            processes ? static_cast<double>(processes->scanned) : kNoValue);
    out.add("agent_processes_sent_count", "count",
            processes ? static_cast<double>(processes->rows.size()) : kNoValue);
    out.add("agent_dropped_samples_count", "count", static_cast<double>(state.dropped));
    out.add("agent_spool_batches_count", "count", static_cast<double>(state.spool_batches));
    out.add("agent_spool_bytes", "bytes", static_cast<double>(state.spool_bytes));
    out.add("agent_spool_oldest_seconds", "seconds", state.spool_oldest_seconds);
    out.add("agent_push_latency_ms", "ms", state.push_latency_ms);
    out.add("agent_clock_skew_ms", "ms", state.clock_skew_ms);
    out.add("agent_attributed_cpu_percent", "percent", state.attributed_cpu_percent);
    emit_faults(out);
}

void SelfCollector::emit_usage(MetricSink& out) {
    double cpu = kNoValue, rss = kNoValue;
    if (const auto file = proc_.read_record("self/stat")) {
        const auto seconds = gap_.step(file.at);
        if (const auto stat = parse_pid_stat(file.text)) {
            const std::uint64_t ticks = stat->user_ticks + stat->system_ticks;
            const auto before = std::exchange(ticks_, ticks);
            if (before) {
                cpu = 100 * per_second(*before, ticks, seconds) /
                      static_cast<double>(constants_.ticks_per_second);
            }
            rss = static_cast<double>(stat->rss_pages) * static_cast<double>(constants_.page_bytes);
        }
    } else {
        faults_.note("/proc/self/stat", file.error);
        gap_.forget();
    }
    out.add("agent_cpu_percent", "percent", cpu);
    out.add("agent_rss_bytes", "bytes", rss);
}

// One series for each cause that was ever met, so that the layout grows but never flickers.
void SelfCollector::emit_faults(MetricSink& out) {
    for (const auto& [error, count] : faults_.by_errno()) {
        const auto before = std::exchange(told_faults_[error], count);
        const char* name = ::strerrorname_np(error);
        out.add("agent_read_errors_count", name != nullptr ? name : std::to_string(error), "count",
                static_cast<double>(count - before));
    }
}

}  // namespace chorus::agent
