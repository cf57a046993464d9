#include "agent/collect/sensor_collector.h"

#include <optional>

#include "agent/procfs/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::string_view kInput = "_input";
constexpr std::size_t kMostSensors = 256;
constexpr double kMilli = 1e-3, kMicro = 1e-6;

bool is_sendable(const std::string& label) {
    return label.size() <= limits::kLabelBytes && !find_invalid_utf8(label);
}

}  // namespace

SensorCollector::SensorCollector(const std::string& sysfs) : sys_(sysfs, clock_) {}

void SensorCollector::collect(MetricSink& out) {
    labels_.clear();
    temperatures_ = 0;
    const std::string chips = "class/hwmon";
    for (const std::string& chip : sys_.list(chips)) collect_chip(chips + '/' + chip, out);
    if (temperatures_ == 0) collect_zones(out);
}

void SensorCollector::collect_chip(const std::string& directory, MetricSink& out) {
    const std::string chip = read_text(directory + "/name");
    for (const std::string& name : sys_.list(directory)) {
        const bool power = name.starts_with("power");
        // Some meters tell an average only.
        const bool average = power && name.ends_with("_average");
        if (!name.ends_with(kInput) && !average) continue;
        const std::string sensor = name.substr(0, name.rfind('_'));
        if (power && !average && sys_.exists(directory + '/' + sensor + "_average")) continue;
        const std::string path = directory + '/' + sensor;
        std::string label = read_text(path + "_label");
        label = unique_label(chip + '/' + (label.empty() ? sensor : label));
        if (labels_.size() > kMostSensors || !is_sendable(label)) continue;
        const auto add = [&](const char* metric, const char* unit, double factor) {
            const auto value = read_number(directory + '/' + name);
            out.add(metric, label, unit, value ? *value * factor : kNoValue);
        };
        if (sensor.starts_with("temp")) {
            collect_temperature(path, label, out);
        } else if (sensor.starts_with("fan")) {
            add("sensor_fan_rpm", "rpm", 1);
        } else if (power) {
            add("sensor_power_watts", "watts", kMicro);
        } else if (sensor.starts_with("in")) {
            add("sensor_voltage_volts", "volts", kMilli);
        }
    }
}

void SensorCollector::collect_temperature(const std::string& sensor, const std::string& label,
                                          MetricSink& out) {
    ++temperatures_;
    const auto now = read_number(sensor + "_input");
    out.add("sensor_temperature_celsius", label, "celsius", now ? *now * kMilli : kNoValue);
    auto limit = read_number(sensor + "_crit");
    if (!limit) limit = read_number(sensor + "_max");
    // Drivers write 0 where the chip has no limit.
    if (!limit || *limit <= 0) return;
    out.add("sensor_temperature_headroom_celsius", label, "celsius",
            now ? (*limit - *now) * kMilli : kNoValue);
}

void SensorCollector::collect_zones(MetricSink& out) {
    const std::string zones = "class/thermal";
    for (const std::string& zone : sys_.list(zones)) {
        if (!zone.starts_with("thermal_zone")) continue;
        const std::string label =
            unique_label(read_text(zones + '/' + zone + "/type") + '/' + zone);
        if (labels_.size() > kMostSensors || !is_sendable(label)) continue;
        const auto value = read_number(zones + '/' + zone + "/temp");
        out.add("sensor_temperature_celsius", label, "celsius", value ? *value * kMilli : kNoValue);
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
