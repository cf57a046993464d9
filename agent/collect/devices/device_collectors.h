// Health of devices for which the kernel has single numbers: disk arrays, batteries, memory
// controllers, processors. A machine without such a device has no such series.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/collect/support/collector.h"
#include "agent/collect/support/rate.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// Missing disks of each software RAID, and whether the array works at all. Source: /sys/block/X/md,
// Documentation/admin-guide/md.rst.
class RaidCollector final : public Collector {
  public:
    explicit RaidCollector(Reader& sys) : sys_(sys) {}
    void collect(MetricSink& out) override;

  private:
    bool is_container(const std::string& md);

    Reader& sys_;
};

// Charge of each battery that is present, from /sys/class/power_supply/X/capacity.
class BatteryCollector final : public Collector {
  public:
    explicit BatteryCollector(Reader& sys) : sys_(sys) {}
    void collect(MetricSink& out) override;

  private:
    std::optional<double> charge_of(const std::string& supply);

    Reader& sys_;
};

// New memory errors of each controller, from /sys/devices/system/edac/mc: Documentation/
// driver-api/edac.rst.
class EccCollector final : public Collector {
  public:
    explicit EccCollector(Reader& sys) : sys_(sys) {}
    void collect(MetricSink& out) override;

  private:
    void emit_growth(const std::string& controller, const char* file, const char* metric,
                     PreviousSamples<std::uint64_t>& before, MetricSink& out);

    Reader& sys_;
    PreviousSamples<std::uint64_t> correctable_, uncorrectable_;
};

// How often processors throttled themselves because of heat, from
// /sys/devices/system/cpu/cpuN/thermal_throttle. All cores of a package show the same counter, so
// it counts once.
class ThrottleCollector final : public Collector {
  public:
    // `interval` is the time between two calls.
    ThrottleCollector(Reader& sys, const BootClock& clock, std::chrono::nanoseconds interval)
        : sys_(sys), clock_(clock), gap_(interval) {}
    void collect(MetricSink& out) override;

  private:
    std::optional<std::uint64_t> count_events();

    Reader& sys_;
    const BootClock& clock_;
    SampleGap gap_;
    std::optional<std::uint64_t> before_;
    bool seen_ = false;
};

}  // namespace chorus::agent
