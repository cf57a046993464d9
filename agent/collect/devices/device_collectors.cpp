#include "agent/collect/devices/device_collectors.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kMostDevices = 64;

template <typename T>
std::optional<T> read_number(Reader& sys, const std::string& path) {
    const auto file = sys.read_record(path.c_str());
    return file ? parse_number<T>(trim(file.text)) : std::nullopt;
}

// Empty if it cannot be read.
std::string read_text(Reader& sys, const std::string& path) {
    const auto file = sys.read_record(path.c_str());
    return file ? std::string(trim(file.text)) : std::string{};
}

// Names in `directory` that begin with `prefix` and go on with a number.
std::vector<std::string> numbered(Reader& sys, const std::string& directory,
                                  std::string_view prefix) {
    auto names = sys.list(directory);
    std::erase_if(names, [&](const std::string& name) {
        return !name.starts_with(prefix) ||
               !parse_number<std::uint32_t>(std::string_view(name).substr(prefix.size()));
    });
    return names;
}

}  // namespace

void RaidCollector::collect(MetricSink& out) {
    std::size_t count = 0;
    // Names are free: md0, md127, md_d0, md_home.
    for (const std::string& array : sys_.list("block")) {
        const std::string md = "block/" + array + "/md";
        if (!sys_.exists(md)) continue;
        if (++count > kMostDevices) continue;
        const std::string state = read_text(sys_, md + "/array_state");
        const bool stands_still = state == "inactive" && !is_container(md);
        // Levels without redundancy have no such file; an array that was not started counts none.
        const auto degraded = read_number<double>(sys_, md + "/degraded");
        if (degraded) {
            out.add("raid_degraded_count", array, "count", stands_still ? kNoValue : *degraded);
        }
        if (state.empty()) continue;
        out.add("raid_failed", array, "bool", stands_still || state == "broken" ? 1 : 0);
    }
    out.left_out("arrays", count - std::min(count, kMostDevices));
}

// Of disks whose metadata is the firmware's (IMSM, DDF): it holds arrays and is never started.
bool RaidCollector::is_container(const std::string& md) {
    const std::string version = read_text(sys_, md + "/metadata_version");
    return version.starts_with("external:") && !version.starts_with("external:/");
}

void BatteryCollector::collect(MetricSink& out) {
    const std::string supplies = "class/power_supply";
    std::size_t count = 0;
    for (const std::string& name : sys_.list(supplies)) {
        const std::string supply = supplies + '/' + name;
        if (read_text(sys_, supply + "/present") == "0") continue;
        const auto charge = charge_of(supply);
        if (!charge || ++count > kMostDevices) continue;
        // A new battery may hold more than it was made for; 255 is how firmware says "unknown".
        const bool possible = *charge >= 0 && *charge <= 150;
        out.add("battery_charge_percent", name, "percent",
                possible ? std::min(*charge, 100.0) : kNoValue);
    }
    out.left_out("batteries", count - std::min(count, kMostDevices));
}

// Some drivers tell no share, but what is in the battery, by energy or by charge.
std::optional<double> BatteryCollector::charge_of(const std::string& supply) {
    if (const auto capacity = read_number<double>(sys_, supply + "/capacity")) return capacity;
    for (const char* what : {"/energy", "/charge"}) {
        const auto now = read_number<double>(sys_, supply + what + "_now");
        const auto full = read_number<double>(sys_, supply + what + "_full");
        if (now && full && *full > 0) return 100 * *now / *full;
    }
    return std::nullopt;
}

void EccCollector::collect(MetricSink& out) {
    const std::string controllers = "devices/system/edac/mc";
    std::size_t count = 0;
    for (const std::string& name : numbered(sys_, controllers, "mc")) {
        if (++count > kMostDevices) continue;
        emit_growth(name, "/ce_count", "memory_ecc_correctable_count", correctable_, out);
        emit_growth(name, "/ue_count", "memory_ecc_uncorrectable_count", uncorrectable_, out);
    }
    out.left_out("memory controllers", count - std::min(count, kMostDevices));
    correctable_.end_cycle();
    uncorrectable_.end_cycle();
}

void EccCollector::emit_growth(const std::string& controller, const char* file, const char* metric,
                               PreviousSamples<std::uint64_t>& before, MetricSink& out) {
    const auto now =
        read_number<std::uint64_t>(sys_, "devices/system/edac/mc/" + controller + file);
    double growth = kNoValue;
    if (now) {
        const auto last = before.exchange(controller, *now);
        if (last && *now >= *last) growth = static_cast<double>(*now - *last);
    }
    out.add(metric, controller, "count", growth);
}

void ThrottleCollector::collect(MetricSink& out) {
    const auto seconds = gap_.step(clock_.since_boot());
    const auto now = count_events();
    const auto before = std::exchange(before_, now);
    seen_ = seen_ || now;
    if (!seen_) return;
    const bool known = before && now;
    out.add("cpu_throttle_events_per_sec", "per_sec",
            known ? per_second(*before, *now, seconds) : kNoValue);
}

std::optional<std::uint64_t> ThrottleCollector::count_events() {
    const std::string cpus = "devices/system/cpu";
    std::optional<std::uint64_t> sum;
    std::set<std::int64_t> packages;
    for (const std::string& cpu : numbered(sys_, cpus, "cpu")) {
        const std::string path = cpus + '/' + cpu;
        const auto core =
            read_number<std::uint64_t>(sys_, path + "/thermal_throttle/core_throttle_count");
        if (!core) continue;
        sum = sum.value_or(0) + *core;
        const auto id = read_number<std::int64_t>(sys_, path + "/topology/physical_package_id");
        if (!packages.insert(id.value_or(0)).second) continue;
        const auto package =
            read_number<std::uint64_t>(sys_, path + "/thermal_throttle/package_throttle_count");
        sum = *sum + package.value_or(0);
    }
    return sum;
}

}  // namespace chorus::agent
