// The kinds of sensors of Documentation/hwmon/sysfs-interface.rst, and which values they can have.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct SensorKind {
    std::string_view prefix;  // of its files
    std::string_view metric, unit;
    double counts;       // of the file for one of the metric's unit
    double least, most;  // outside lie numbers that stand for "no sensor" or "broken"
    bool has_average = false, has_limit = false;

    // What the file's number means; nullopt if no sensor measures that.
    std::optional<double> value_of(double raw) const;
};

// Nothing is measured below 1 K, or where silicon and solder have melted. Firmware says -273.15 °C,
// or 0xFFFF in any unit, if it has no reading.
inline constexpr SensorKind kTemperature{.prefix = "temp",
                                         .metric = "sensor_temperature_celsius",
                                         .unit = "celsius",
                                         .counts = 1e3,
                                         .least = -272.15,
                                         .most = 250,
                                         .has_limit = true};
inline constexpr std::array<SensorKind, 4> kSensorKinds{
    kTemperature,
    // 16 bits, all set, are a tachometer without a signal.
    SensorKind{.prefix = "fan",
               .metric = "sensor_fan_rpm",
               .unit = "rpm",
               .counts = 1,
               .least = 0,
               .most = 65'534},
    SensorKind{.prefix = "power",
               .metric = "sensor_power_watts",
               .unit = "watts",
               .counts = 1e6,
               .least = -1e6,
               .most = 1e6,
               .has_average = true},
    SensorKind{.prefix = "in",
               .metric = "sensor_voltage_volts",
               .unit = "volts",
               .counts = 1e3,
               .least = -1e5,
               .most = 1e5}};

// Of a file's name; nullptr if it is of none.
inline const SensorKind* sensor_kind(std::string_view file) {
    for (const SensorKind& kind : kSensorKinds) {
        if (file.starts_with(kind.prefix)) return &kind;
    }
    return nullptr;
}

inline std::optional<double> SensorKind::value_of(double raw) const {
    const double value = raw / counts;
    // A diode that is not there reads as the end of its 8 bits.
    const bool no_diode = has_limit && (value == -128 || value == -127 || value == 127);
    if (!(value >= least && value <= most) || no_diode) return std::nullopt;
    return value;
}

}  // namespace chorus::agent
