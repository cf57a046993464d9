// Temperatures, fans, voltages and power, from /sys/class/hwmon: the kernel's
// Documentation/hwmon/sysfs-interface.rst.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/collect/collector.h"
#include "agent/procfs/boot_clock.h"
#include "agent/procfs/reader.h"

namespace chorus::agent {

// Labels are "chip/label". Without any chip that tells temperatures, thermal zones are asked. A
// slow bus may hold a reader for seconds: run it in a WatchedCollector.
class SensorCollector final : public Collector {
  public:
    explicit SensorCollector(const std::string& sysfs);
    void collect(MetricSink& out) override;

  private:
    void collect_chip(const std::string& directory, MetricSink& out);
    void collect_temperature(const std::string& sensor, const std::string& label, MetricSink& out);
    void collect_zones(MetricSink& out);
    // A fault of the device is an unknown value, no fault of the agent.
    std::optional<double> read_number(const std::string& path);
    std::string read_text(const std::string& path);
    std::string unique_label(const std::string& label);

    SystemBootClock clock_;
    Reader sys_;
    std::set<std::string, std::less<>> labels_;  // of this cycle
    std::size_t temperatures_ = 0;               // of this cycle
};

}  // namespace chorus::agent
