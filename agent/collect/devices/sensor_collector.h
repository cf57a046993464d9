// Temperatures, fans, voltages and power, from /sys/class/hwmon: the kernel's
// Documentation/hwmon/sysfs-interface.rst.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/collect/devices/sensor_range.h"
#include "agent/collect/support/collector.h"
#include "agent/procfs/support/boot_clock.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Labels are "chip/label". Thermal zones are reported as well, unless a chip has the same
// temperature. The value is kNoValue if the driver reports a fault, or if no sensor can have such a
// value. A slow bus may hold a reader for seconds, so run this in a WatchedCollector.
class SensorCollector final : public Collector {
  public:
    explicit SensorCollector(const std::string& sysfs);
    void collect(MetricSink& out) override;

  private:
    void collect_chip(const std::string& chip, MetricSink& out);
    void collect_directory(const std::string& directory, const std::string& chip, MetricSink& out);
    std::optional<double> read_value(const std::string& sensor, const SensorKind& kind);
    std::optional<double> temperature_limit(const std::string& sensor);
    void collect_zones(MetricSink& out);
    bool is_told_by_chip(const std::string& zone_type) const;
    // If the device has a fault, the value is unknown. That is no fault of the agent.
    std::optional<double> read_number(const std::string& path);
    std::string read_text(const std::string& path);
    std::string unique_label(const std::string& label);

    SystemBootClock clock_;
    Reader sys_;
    // Of this cycle:
    std::set<std::string, std::less<>> labels_;
    std::set<std::string, std::less<>> sensors_;  // of the chip that is read
    std::set<std::string, std::less<>> devices_;  // whose own directory was read
    std::set<std::string, std::less<>> chips_;    // names of those that tell a temperature
};

}  // namespace chorus::agent
