#include "agent/collect/devices/sensor_collector.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kMostSensors = 256;

// "temp12_input" of "temp" and "input" is sensor 12.
bool is_numbered(std::string_view file, const SensorKind& kind, std::string_view item) {
    if (!file.starts_with(kind.prefix) || !file.ends_with(item)) return false;
    file.remove_prefix(kind.prefix.size());
    file.remove_suffix(item.size());
    return file.ends_with('_') &&
           parse_number<std::uint32_t>(file.substr(0, file.size() - 1)).has_value();
}

}  // namespace

SensorCollector::SensorCollector(const std::string& sysfs) : sys_(sysfs, clock_) {}

void SensorCollector::collect(MetricSink& out) {
    labels_.clear();
    chips_.clear();
    devices_.clear();
    const std::string chips = "class/hwmon";
    for (const std::string& chip : sys_.list(chips)) collect_chip(chips + '/' + chip, out);
    collect_zones(out);
    out.left_out("sensors", labels_.size() - std::min(labels_.size(), kMostSensors));
}

// Drivers of before Linux 3.13 keep the files, and some the name, in the device's own directory.
void SensorCollector::collect_chip(const std::string& directory, MetricSink& out) {
    sensors_.clear();
    const std::string device = directory + "/device";
    std::string chip = read_text(directory + "/name");
    if (chip.empty()) chip = read_text(device + "/name");
    collect_directory(directory, chip, out);
    // Several chips may be of one device.
    const auto link = sys_.read_link(device);
    if (link && !devices_.insert(*link).second) return;
    collect_directory(device, chip, out);
}

void SensorCollector::collect_directory(const std::string& directory, const std::string& chip,
                                        MetricSink& out) {
    for (const std::string& name : sys_.list(directory)) {
        const SensorKind* const kind = sensor_kind(name);
        if (kind == nullptr) continue;
        const bool average = kind->has_average && is_numbered(name, *kind, "average");
        if (!average && !is_numbered(name, *kind, "input")) continue;
        const std::string sensor = name.substr(0, name.rfind('_'));
        if (!sensors_.insert(sensor).second) continue;
        const std::string path = directory + '/' + sensor;
        std::string label = read_text(path + "_label");
        label = unique_label(chip + '/' + (label.empty() ? sensor : label));
        if (labels_.size() > kMostSensors) continue;
        const auto value = read_value(path, *kind);
        out.add(kind->metric, label, kind->unit, value.value_or(kNoValue));
        if (!kind->has_limit) continue;
        chips_.insert(chip);
        // No series without a limit.
        if (const auto limit = temperature_limit(path)) {
            out.add("sensor_temperature_headroom_celsius", label, kind->unit,
                    value ? std::round((*limit - *value) * 1'000) / 1'000 : kNoValue);
        }
    }
}

// Of power the average is told, else the power now: some meters have one of both, and some have a
// file for an average that cannot be read.
std::optional<double> SensorCollector::read_value(const std::string& sensor,
                                                  const SensorKind& kind) {
    if (read_number(sensor + "_fault").value_or(0) != 0) return std::nullopt;
    auto raw = kind.has_average ? read_number(sensor + "_average") : std::nullopt;
    if (!raw) raw = read_number(sensor + "_input");
    return raw ? kind.value_of(*raw) : std::nullopt;
}

// What drivers write where the chip has no limit, is none: 0, the lowest or highest number.
std::optional<double> SensorCollector::temperature_limit(const std::string& sensor) {
    for (const char* item : {"_crit", "_max"}) {
        const auto raw = read_number(sensor + item);
        const auto limit = raw ? kTemperature.value_of(*raw) : std::nullopt;
        if (limit && *limit > 0) return limit;
    }
    return std::nullopt;
}

// The kernel names a chip that it makes of a zone after the zone's type, with '_' for '-'
// (drivers/thermal/thermal_hwmon.c). "x86_pkg_temp" is what coretemp tells.
bool SensorCollector::is_told_by_chip(const std::string& zone_type) const {
    std::string chip = zone_type;
    std::replace(chip.begin(), chip.end(), '-', '_');
    return chips_.contains(zone_type) || chips_.contains(chip) ||
           (zone_type == "x86_pkg_temp" && chips_.contains("coretemp"));
}

void SensorCollector::collect_zones(MetricSink& out) {
    const std::string zones = "class/thermal";
    for (const std::string& zone : sys_.list(zones)) {
        if (!zone.starts_with("thermal_zone")) continue;
        const std::string type = read_text(zones + '/' + zone + "/type");
        // "INT3400 Thermal" measures nothing: it always tells 20 °C.
        if (type == "INT3400 Thermal" || is_told_by_chip(type)) continue;
        const std::string label = unique_label(type + '/' + zone);
        if (labels_.size() > kMostSensors) continue;
        const auto raw = read_number(zones + '/' + zone + "/temp");
        const auto value = raw ? kTemperature.value_of(*raw) : std::nullopt;
        out.add(kTemperature.metric, label, kTemperature.unit, value.value_or(kNoValue));
    }
}

std::optional<double> SensorCollector::read_number(const std::string& path) {
    const auto file = sys_.read_record(path.c_str());
    return file ? parse_number<double>(trim(file.text)) : std::nullopt;
}

std::string SensorCollector::read_text(const std::string& path) {
    const auto file = sys_.read_record(path.c_str());
    return file ? std::string(trim(file.text)) : std::string{};
}

// Two processors have two chips of one name.
std::string SensorCollector::unique_label(const std::string& label) {
    std::string wanted = label;
    for (int i = 2; !labels_.insert(wanted).second; ++i) {
        wanted = label + '#' + std::to_string(i);
    }
    return wanted;
}

}  // namespace chorus::agent
