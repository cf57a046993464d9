#include "agent/collect/cpu_collector.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agent/procfs/cpu_list.h"
#include "agent/procfs/cpuinfo.h"
#include "agent/procfs/overlaid_files.h"
#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

std::uint64_t ahead(std::uint64_t before, std::uint64_t now) {
    return now > before ? now - before : 0;
}

}  // namespace

std::optional<CpuShares> cpu_shares(const CpuTimes& before, const CpuTimes& now,
                                    const CpuLimits& limits) {
    const auto back = [&](std::uint64_t CpuTimes::*field) {
        return ahead(now.*field, before.*field);
    };
    const auto delta = [&](std::uint64_t CpuTimes::*field) {
        return static_cast<double>(ahead(before.*field, now.*field));
    };
    double total = 0;
    for (const auto field :
         {&CpuTimes::user, &CpuTimes::nice, &CpuTimes::system, &CpuTimes::idle, &CpuTimes::iowait,
          &CpuTimes::irq, &CpuTimes::softirq, &CpuTimes::steal}) {
        // iowait may fall at any time and by any amount; it is not a sign of anything.
        if (field != &CpuTimes::iowait && back(field) >= limits.back) return std::nullopt;
        total += delta(field);
    }
    if (total <= 0 || total > limits.ahead) return std::nullopt;
    const double noise = std::max(2.0, total / 100);  // each counter is rounded to ticks by itself
    const auto share = [&](std::uint64_t CpuTimes::*field) {
        const bool known = static_cast<double>(back(field)) < noise;
        return known ? 100 * delta(field) / total : kNoValue;
    };
    // Time of guests is inside of user and nice.
    const auto own = [&](std::uint64_t CpuTimes::*field, std::uint64_t CpuTimes::*of_guests) {
        const double rest = delta(field) - delta(of_guests);
        return rest > -noise ? share(field) - share(of_guests) : kNoValue;
    };
    const double user = own(&CpuTimes::user, &CpuTimes::guest);
    const double nice = own(&CpuTimes::nice, &CpuTimes::guest_nice);
    const double idle = share(&CpuTimes::idle);
    const double waiting = 100 * delta(&CpuTimes::iowait) / total;
    const bool guests_known = !std::isnan(user) && !std::isnan(nice);
    return CpuShares{
        .usage = 100 - idle - waiting,
        .user = std::max(user, 0.0),
        .nice = std::max(nice, 0.0),
        .system = share(&CpuTimes::system),
        .iowait = share(&CpuTimes::iowait),
        .irq = share(&CpuTimes::irq),
        .softirq = share(&CpuTimes::softirq),
        .steal = share(&CpuTimes::steal),
        .idle = idle,
        .guest = guests_known ? share(&CpuTimes::guest) + share(&CpuTimes::guest_nice) : kNoValue};
}

CpuCollector::CpuCollector(Reader& proc, Reader& sys, ReadFaults& faults,
                           std::chrono::nanoseconds interval, std::int64_t ticks_per_second)
    : proc_(proc),
      sys_(sys),
      faults_(faults),
      guest_(OverlaidFiles(proc).contains("stat")),
      ticks_per_second_(ticks_per_second),
      gap_(interval),
      activity_(interval) {}

void CpuCollector::collect(MetricSink& out) {
    Stat stat;
    Seconds seconds;
    const auto file = proc_.read("stat");
    if (file) {
        seconds = gap_.step(file.at);
        stat = parse_stat(file.text);
        cores_.clear();
        for (const CoreTimes& core : stat.cores) cores_.push_back(core.core);
    } else {
        faults_.note("/proc/stat", file.error);
        gap_.forget();
        // Their series stay, without values.
        for (const std::uint32_t core : cores_) stat.cores.push_back({core, {}});
    }
    emit_shares(stat.total, stat.cores.size(), seconds, out);
    const auto online = sys_.read("devices/system/cpu/online");
    cpu_count_ = online ? count_cpu_list(online.text) : std::nullopt;
    if ((guest_ || !cpu_count_) && !stat.cores.empty()) {
        cpu_count_ = static_cast<std::int64_t>(stat.cores.size());
    }
    out.add("cpu_count", "count", cpu_count_ ? static_cast<double>(*cpu_count_) : kNoValue);
    emit_frequency(stat.cores, out);
    emit_cores(stat.cores, seconds, out);
    if (file) {
        activity_.emit(file.at, stat, out);
    } else {
        activity_.emit_unknown(out);
    }
}

// The kernel gives whole ticks to whoever runs when the clock ticks. Of a host that hardly works
// that is chance: short work is counted as none or as far too much.
constexpr double kLeastBusy = 0.05;

// Ticks are counted late and guests of lxcfs share cores: half as much again is not impossible.
CpuLimits CpuCollector::limits_of(std::size_t cores, double seconds) const {
    const auto hertz = static_cast<double>(ticks_per_second_);
    const double possible = static_cast<double>(cores) * hertz * (1.5 * seconds + 0.5);
    return {.back = static_cast<std::uint64_t>(3 * ticks_per_second_),
            .ahead = cores > 0 ? possible : std::numeric_limits<double>::infinity()};
}

void CpuCollector::emit_shares(const std::optional<CpuTimes>& total, std::size_t cores,
                               Seconds seconds, MetricSink& out) {
    constexpr CpuShares unknown{kNoValue, kNoValue, kNoValue, kNoValue, kNoValue,
                                kNoValue, kNoValue, kNoValue, kNoValue, kNoValue};
    CpuShares shares = unknown;
    busy_ticks_.reset();
    if (total && previous_ && seconds) {
        // One that was taken offline has worked in this time, too.
        const auto limits = limits_of(std::max(cores, cores_before_), *seconds);
        const auto known = cpu_shares(*previous_, *total, limits);
        shares = known.value_or(unknown);
        const auto busy = ahead(previous_->user, total->user) +
                          ahead(previous_->nice, total->nice) +
                          ahead(previous_->system, total->system);
        const double possible = static_cast<double>(std::max(cores, cores_before_)) *
                                static_cast<double>(ticks_per_second_) * *seconds;
        if (known && static_cast<double>(busy) >= kLeastBusy * possible) busy_ticks_ = busy;
    }
    cores_before_ = cores;
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

void CpuCollector::emit_cores(const std::vector<CoreTimes>& cores, Seconds seconds,
                              MetricSink& out) {
    std::size_t count = 0;
    double busiest = kNoValue;
    for (const CoreTimes& core : cores) {
        const std::string name = "cpu" + std::to_string(core.core);
        const auto before = previous_cores_.exchange(name, core.times);
        double usage = kNoValue;
        if (before && seconds) {
            const auto shares = cpu_shares(*before, core.times, limits_of(1, *seconds));
            if (shares) usage = shares->usage;
        }
        if (++count <= kMaxCores) out.add("cpu_core_usage_percent", name, "percent", usage);
        if (std::isnan(busiest) || usage > busiest) busiest = usage;
    }
    if (count > 0) out.add("cpu_core_max_percent", "percent", busiest);
    out.left_out("cores", count - std::min(count, kMaxCores));
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
        if (!khz || *khz <= 0) continue;  // some drivers say 0 of a core that sleeps
        sum_khz += *khz;
        ++count;
    }
    if (count > 0) return sum_khz / count / 1000;
    const auto file = proc_.read("cpuinfo");
    return file ? parse_cpuinfo(file.text).mhz : std::nullopt;
}

}  // namespace chorus::agent
