#include "agent/collect/cpu_collector.h"

#include <algorithm>
#include <cmath>

#include "agent/procfs/cpu_list.h"
#include "agent/procfs/cpuinfo.h"
#include "agent/procfs/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

std::uint64_t ahead(std::uint64_t before, std::uint64_t now) {
    return now > before ? now - before : 0;
}

}  // namespace

std::optional<CpuShares> cpu_shares(const CpuTimes& before, const CpuTimes& now,
                                    std::uint64_t limit_ticks) {
    // iowait may fall at any time and by any amount; it is not a sign of anything.
    for (const auto field : {&CpuTimes::user, &CpuTimes::nice, &CpuTimes::system, &CpuTimes::idle,
                             &CpuTimes::irq, &CpuTimes::softirq, &CpuTimes::steal}) {
        if (ahead(now.*field, before.*field) >= limit_ticks) return std::nullopt;
    }
    const auto delta = [&](std::uint64_t CpuTimes::*field) {
        return static_cast<double>(ahead(before.*field, now.*field));
    };
    const double user = delta(&CpuTimes::user), nice = delta(&CpuTimes::nice);
    const double system = delta(&CpuTimes::system), idle = delta(&CpuTimes::idle);
    const double iowait = delta(&CpuTimes::iowait), irq = delta(&CpuTimes::irq);
    const double softirq = delta(&CpuTimes::softirq), steal = delta(&CpuTimes::steal);
    const double total = user + nice + system + idle + iowait + irq + softirq + steal;
    if (total <= 0) return std::nullopt;
    const auto percent = [&](double ticks) { return 100 * std::max(0.0, ticks) / total; };
    return CpuShares{.usage = percent(total - idle - iowait),
                     .user = percent(user - delta(&CpuTimes::guest)),
                     .nice = percent(nice - delta(&CpuTimes::guest_nice)),
                     .system = percent(system),
                     .iowait = percent(iowait),
                     .irq = percent(irq),
                     .softirq = percent(softirq),
                     .steal = percent(steal),
                     .idle = percent(idle),
                     .guest = percent(delta(&CpuTimes::guest) + delta(&CpuTimes::guest_nice))};
}

CpuCollector::CpuCollector(Reader& proc, Reader& sys, ReadFaults& faults,
                           std::chrono::nanoseconds interval, std::int64_t ticks_per_second)
    : proc_(proc),
      sys_(sys),
      faults_(faults),
      limit_ticks_(static_cast<std::uint64_t>(3 * ticks_per_second)),
      gap_(interval),
      activity_(interval) {}

void CpuCollector::collect(MetricSink& out) {
    Stat stat;
    bool comparable = false;
    const auto file = proc_.read("stat");
    if (file) {
        comparable = gap_.step(file.at).has_value();
        stat = parse_stat(file.text);
        cores_.clear();
        for (const CoreTimes& core : stat.cores) cores_.push_back(core.core);
    } else {
        faults_.note("/proc/stat", file.error);
        gap_.forget();
        // Their series stay, without values.
        for (const std::uint32_t core : cores_) stat.cores.push_back({core, {}});
    }
    emit_shares(stat.total, comparable, out);
    const auto online = sys_.read("devices/system/cpu/online");
    cpu_count_ = online ? count_cpu_list(online.text) : std::nullopt;
    if (!cpu_count_ && !stat.cores.empty()) {
        cpu_count_ = static_cast<std::int64_t>(stat.cores.size());
    }
    out.add("cpu_count", "count", cpu_count_ ? static_cast<double>(*cpu_count_) : kNoValue);
    emit_frequency(stat.cores, out);
    emit_cores(stat.cores, comparable, out);
    if (file) {
        activity_.emit(file.at, stat, out);
    } else {
        activity_.emit_unknown(out);
    }
}

void CpuCollector::emit_shares(const std::optional<CpuTimes>& total, bool comparable,
                               MetricSink& out) {
    constexpr CpuShares unknown{kNoValue, kNoValue, kNoValue, kNoValue, kNoValue,
                                kNoValue, kNoValue, kNoValue, kNoValue, kNoValue};
    CpuShares shares = unknown;
    busy_ticks_.reset();
    if (total && previous_ && comparable) {
        busy_ticks_ = ahead(previous_->user, total->user) + ahead(previous_->nice, total->nice) +
                      ahead(previous_->system, total->system);
        shares = cpu_shares(*previous_, *total, limit_ticks_).value_or(unknown);
    }
    previous_ = total;
    out.add("cpu_usage_percent", "percent", shares.usage);
    out.add("cpu_user_percent", "percent", shares.user);
    out.add("cpu_nice_percent", "percent", shares.nice);
    out.add("cpu_system_percent", "percent", shares.system);
    out.add("cpu_iowait_percent", "percent", shares.iowait);
    out.add("cpu_irq_percent", "percent", shares.irq);
    out.add("cpu_softirq_percent", "percent", shares.softirq);
    out.add("cpu_steal_percent", "percent", shares.steal);
    out.add("cpu_idle_percent", "percent", shares.idle);
    runs_guests_ = runs_guests_ || (total && total->guest + total->guest_nice > 0);
    if (runs_guests_) out.add("cpu_guest_percent", "percent", shares.guest);
}

void CpuCollector::emit_cores(const std::vector<CoreTimes>& cores, bool comparable,
                              MetricSink& out) {
    std::size_t count = 0;
    double busiest = kNoValue;
    for (const CoreTimes& core : cores) {
        if (++count > kMaxCores) break;
        const std::string name = "cpu" + std::to_string(core.core);
        const auto before = previous_cores_.exchange(name, core.times);
        double usage = kNoValue;
        if (before && comparable) {
            const auto shares = cpu_shares(*before, core.times, limit_ticks_);
            if (shares) usage = shares->usage;
        }
        out.add("cpu_core_usage_percent", name, "percent", usage);
        if (std::isnan(busiest) || usage > busiest) busiest = usage;
    }
    if (count > 0) out.add("cpu_core_max_percent", "percent", busiest);
    previous_cores_.end_cycle();
}

void CpuCollector::emit_frequency(const std::vector<CoreTimes>& cores, MetricSink& out) {
    if (cores.size() != policies_of_) find_policies(cores);
    const auto mhz = mean_frequency();
    // A machine that never told its frequency has no such series; one that once did has a gap.
    frequency_known_ = frequency_known_ || mhz.has_value();
    if (frequency_known_) out.add("cpu_frequency_mhz", "mhz", mhz.value_or(kNoValue));
}

// A policy is named after its first core: Documentation/admin-guide/pm/cpufreq.rst.
void CpuCollector::find_policies(const std::vector<CoreTimes>& cores) {
    policies_of_ = cores.size();
    policy_files_.clear();
    for (const CoreTimes& core : cores) {
        std::string file =
            "devices/system/cpu/cpufreq/policy" + std::to_string(core.core) + "/scaling_cur_freq";
        if (sys_.exists(file)) policy_files_.push_back(std::move(file));
    }
}

std::optional<double> CpuCollector::mean_frequency() {
    double sum_khz = 0;
    int count = 0;
    for (const std::string& path : policy_files_) {
        const auto file = sys_.read(path);
        const auto khz = file ? parse_number<double>(trim(file.text)) : std::nullopt;
        if (!khz) continue;
        sum_khz += *khz;
        ++count;
    }
    if (count > 0) return sum_khz / count / 1000;
    const auto file = proc_.read("cpuinfo");
    return file ? parse_cpuinfo(file.text).mhz : std::nullopt;
}

}  // namespace chorus::agent
