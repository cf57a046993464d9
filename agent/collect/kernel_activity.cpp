#include "agent/collect/kernel_activity.h"

#include <array>

namespace chorus::agent {
namespace {

constexpr std::array<RateSeries, 4> kRates{{{"cpu_context_switches_per_sec", "per_sec"},
                                            {"cpu_interrupts_per_sec", "per_sec"},
                                            {"cpu_softirqs_per_sec", "per_sec"},
                                            {"system_forks_per_sec", "per_sec"}}};
constexpr std::array<GaugeSeries, 3> kActivityGauges{{{"system_procs_running_count", "count"},
                                                      {"system_procs_blocked_count", "count"},
                                                      {"system_boot_time_seconds", "seconds"}}};

}  // namespace

KernelActivity::KernelActivity(std::chrono::nanoseconds interval)
    : rates_(kRates, interval), gauges_(kActivityGauges) {}

void KernelActivity::emit(std::chrono::nanoseconds at, const Stat& stat, MetricSink& out) {
    rates_.emit(
        at,
        std::array<Counter, 4>{stat.context_switches, stat.interrupts, stat.softirqs, stat.forks},
        out);
    gauges_.emit(std::array{as_value(stat.procs_running), as_value(stat.procs_blocked),
                            as_value(stat.boot_time_seconds)},
                 out);
}

void KernelActivity::emit_unknown(MetricSink& out) {
    rates_.emit_unknown(out);
    gauges_.emit(std::array<std::optional<double>, 3>{}, out);
}

}  // namespace chorus::agent
