// Temperatures, fans, voltages and power.
#include "agent/collect/devices/sensor_collector.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::fixture;
using testing::Samples;
using testing::TemporaryTree;

constexpr const char* kTemperatureOf = "sensor_temperature_celsius";
constexpr const char* kHeadroom = "sensor_temperature_headroom_celsius";

// A machine whose sensors a test writes.
class Sensors {
  public:
    void has(const std::string& path, const std::string& text) {
        tree_.write("class/" + path, text + '\n');
    }
    void links(const std::string& path, const std::string& target) {
        std::filesystem::create_symlink(target,
                                        std::filesystem::path(tree_.path()) / "class" / path);
    }
    Samples read() {
        SensorCollector sensors(tree_.path());
        return collect(sensors);
    }

  private:
    TemporaryTree tree_;
};

TEST(SensorCollector, GivesEachSensorInItsUnit) {
    SensorCollector sensors(fixture("server/sys"));
    const auto samples = collect(sensors);
    EXPECT_DOUBLE_EQ(samples.value(kTemperatureOf, "coretemp/Package id 0"), 45);
    EXPECT_DOUBLE_EQ(samples.value(kTemperatureOf, "coretemp/Core 0"), 43.5);
    EXPECT_DOUBLE_EQ(samples.value(kTemperatureOf, "nvme/temp1"), 38.85);
    EXPECT_DOUBLE_EQ(samples.value("sensor_fan_rpm", "nct6775/fan1"), 1'200);
    EXPECT_DOUBLE_EQ(samples.value("sensor_voltage_volts", "nct6775/Vcore"), 1.08);
    EXPECT_DOUBLE_EQ(samples.value("sensor_power_watts", "power_meter/power1"), 150.25);
}

TEST(SensorCollector, HeadroomIsToTheCriticalElseTheHighestTemperature) {
    SensorCollector sensors(fixture("server/sys"));
    const auto samples = collect(sensors);
    EXPECT_DOUBLE_EQ(samples.value(kHeadroom, "coretemp/Package id 0"), 55);
    EXPECT_DOUBLE_EQ(samples.value(kHeadroom, "coretemp/Core 0"), 36.5);
    EXPECT_FALSE(samples.has(kHeadroom, "nvme/temp1"));  // a limit of 0 is none
}

TEST(SensorCollector, SensorThatCannotBeReadIsNull) {
    SensorCollector sensors(fixture("server/sys"));
    EXPECT_TRUE(collect(sensors).is_null(kTemperatureOf, "nct6775/temp3"));
}

TEST(SensorCollector, ChipsOfOneNameAreToldApart) {
    SensorCollector sensors(fixture("server/sys"));
    EXPECT_DOUBLE_EQ(collect(sensors).value(kTemperatureOf, "coretemp/Package id 0#2"), 47);
}

TEST(SensorCollector, WhatTheDriverCallsFaultyIsNull) {
    Sensors sensors;
    sensors.has("hwmon/hwmon1/name", "nct6793");
    sensors.has("hwmon/hwmon1/temp2_label", "CPUTIN");
    sensors.has("hwmon/hwmon1/temp2_input", "-62000");
    sensors.has("hwmon/hwmon1/temp2_fault", "1");
    sensors.has("hwmon/hwmon1/fan1_input", "900");
    sensors.has("hwmon/hwmon1/fan1_fault", "1");
    sensors.has("hwmon/hwmon1/fan2_input", "900");
    sensors.has("hwmon/hwmon1/fan2_fault", "0");
    const auto samples = sensors.read();
    EXPECT_TRUE(samples.is_null(kTemperatureOf, "nct6793/CPUTIN"));
    EXPECT_TRUE(samples.is_null("sensor_fan_rpm", "nct6793/fan1"));
    EXPECT_EQ(samples.value("sensor_fan_rpm", "nct6793/fan2"), 900);
}

TEST(SensorCollector, WhatNoSensorMeasuresIsNull) {
    Sensors sensors;
    sensors.has("hwmon/hwmon0/name", "chip");
    const std::pair<const char*, const char*> impossible[] = {
        {"temp1", "3892313987"}, {"temp2", "-273150"}, {"temp3", "-128000"},
        {"temp4", "127000"},     {"temp5", "255000"},  {"temp6", "-272151"}};
    for (const auto& [sensor, raw] : impossible) {
        sensors.has(std::string("hwmon/hwmon0/") + sensor + "_input", raw);
    }
    sensors.has("hwmon/hwmon0/temp7_input", "-62000");  // an outdoor cabinet in winter
    sensors.has("hwmon/hwmon0/fan1_input", "65535");
    sensors.has("hwmon/hwmon0/fan2_input", "-1");
    sensors.has("hwmon/hwmon0/fan3_input", "");
    sensors.has("hwmon/hwmon0/in0_input", "9223372036854775807");
    sensors.has("hwmon/hwmon0/in1_input", "-12000");
    sensors.has("hwmon/hwmon0/power1_input", "18446744073709551615");
    const auto samples = sensors.read();
    for (const auto& [sensor, raw] : impossible) {
        EXPECT_TRUE(samples.is_null(kTemperatureOf, std::string("chip/") + sensor)) << raw;
    }
    EXPECT_EQ(samples.value(kTemperatureOf, "chip/temp7"), -62);
    EXPECT_TRUE(samples.is_null("sensor_fan_rpm", "chip/fan1"));
    EXPECT_TRUE(samples.is_null("sensor_fan_rpm", "chip/fan2"));
    EXPECT_TRUE(samples.is_null("sensor_fan_rpm", "chip/fan3"));
    EXPECT_TRUE(samples.is_null("sensor_voltage_volts", "chip/in0"));
    EXPECT_EQ(samples.value("sensor_voltage_volts", "chip/in1"), -12);
    EXPECT_TRUE(samples.is_null("sensor_power_watts", "chip/power1"));
}

TEST(SensorCollector, LimitThatIsNoneLeavesTheOtherOrNoHeadroom) {
    Sensors sensors;
    sensors.has("hwmon/hwmon0/name", "nvme");
    sensors.has("hwmon/hwmon0/temp1_input", "38850");
    sensors.has("hwmon/hwmon0/temp1_crit", "84850");
    sensors.has("hwmon/hwmon0/temp2_input", "38850");
    sensors.has("hwmon/hwmon0/temp2_max", "65261850");  // 0xFFFF K: no limit
    sensors.has("hwmon/hwmon0/temp3_input", "40000");
    sensors.has("hwmon/hwmon0/temp3_crit", "0");
    sensors.has("hwmon/hwmon0/temp3_max", "80000");
    sensors.has("hwmon/hwmon0/temp4_input", "-273150");
    sensors.has("hwmon/hwmon0/temp4_crit", "-273150");
    sensors.has("hwmon/hwmon0/temp5_input", "-273150");
    sensors.has("hwmon/hwmon0/temp5_crit", "90000");
    const auto samples = sensors.read();
    EXPECT_DOUBLE_EQ(samples.value(kHeadroom, "nvme/temp1"), 46);
    EXPECT_FALSE(samples.has(kHeadroom, "nvme/temp2"));
    EXPECT_DOUBLE_EQ(samples.value(kHeadroom, "nvme/temp3"), 40);
    EXPECT_FALSE(samples.has(kHeadroom, "nvme/temp4"));
    EXPECT_TRUE(samples.is_null(kHeadroom, "nvme/temp5"));
}

// applesmc, and all drivers of before Linux 3.13.
TEST(SensorCollector, FilesOfTheDeviceItselfAreReadAndNoneTwice) {
    Sensors sensors;
    sensors.has("hwmon/hwmon0/device/name", "applesmc");
    sensors.has("hwmon/hwmon0/device/temp1_label", "TC0P");
    sensors.has("hwmon/hwmon0/device/temp1_input", "52000");
    sensors.has("hwmon/hwmon0/device/fan1_input", "1999");
    sensors.has("hwmon/hwmon1/name", "lm78");
    sensors.has("hwmon/hwmon1/temp1_input", "40000");
    sensors.has("hwmon/hwmon1/device/temp1_input", "40000");
    sensors.has("hwmon/hwmon1/device/fan1_input", "800");
    sensors.has("hwmon/hwmon1/device/in_voltage0_input", "1");  // of industrial I/O, not hwmon
    sensors.has("hwmon/hwmon1/temp_input", "1");
    const auto samples = sensors.read();
    EXPECT_EQ(samples.value(kTemperatureOf, "applesmc/TC0P"), 52);
    EXPECT_EQ(samples.value("sensor_fan_rpm", "applesmc/fan1"), 1'999);
    EXPECT_EQ(samples.value(kTemperatureOf, "lm78/temp1"), 40);
    EXPECT_EQ(samples.value("sensor_fan_rpm", "lm78/fan1"), 800);
    EXPECT_EQ(samples.layout.size(), 4U);
}

// amdgpu has a file for an average that some of its chips do not measure.
TEST(SensorCollector, AverageThatCannotBeReadHidesNoPower) {
    Sensors sensors;
    sensors.has("hwmon/hwmon0/name", "amdgpu");
    sensors.has("hwmon/hwmon0/power1_average/file", "");
    sensors.has("hwmon/hwmon0/power1_input", "12000000");
    sensors.has("hwmon/hwmon0/power2_average", "30000000");
    sensors.has("hwmon/hwmon0/power2_input", "45000000");
    const auto samples = sensors.read();
    EXPECT_EQ(samples.value("sensor_power_watts", "amdgpu/power1"), 12);
    EXPECT_EQ(samples.value("sensor_power_watts", "amdgpu/power2"), 30);
    EXPECT_EQ(samples.layout.size(), 2U);
}

TEST(SensorCollector, DeviceOfTwoChipsIsReadOnce) {
    Sensors sensors;
    sensors.has("devices/asus/temp1_input", "40000");
    sensors.has("hwmon/hwmon0/name", "asus");
    sensors.has("hwmon/hwmon1/name", "asus_fans");
    sensors.links("hwmon/hwmon0/device", "../../devices/asus");
    sensors.links("hwmon/hwmon1/device", "../../devices/asus");
    const auto samples = sensors.read();
    EXPECT_EQ(samples.value(kTemperatureOf, "asus/temp1"), 40);
    EXPECT_EQ(samples.layout.size(), 1U);
}

TEST(SensorCollector, ZonesAreToldUnlessAChipTellsThem) {
    Sensors sensors;
    sensors.has("hwmon/hwmon0/name", "nvme");
    sensors.has("hwmon/hwmon0/temp1_input", "38850");
    sensors.has("hwmon/hwmon1/name", "gpu_thermal");
    sensors.has("hwmon/hwmon1/temp1_input", "50000");
    sensors.has("hwmon/hwmon2/name", "coretemp");
    sensors.has("hwmon/hwmon2/temp1_input", "60000");
    const auto zone = [&](int number, const char* type, const char* temp) {
        const auto directory = "thermal/thermal_zone" + std::to_string(number);
        sensors.has(directory + "/type", type);
        sensors.has(directory + "/temp", temp);
    };
    zone(0, "cpu-thermal", "71000");
    zone(1, "gpu-thermal", "50000");
    zone(2, "x86_pkg_temp", "60000");
    zone(3, "INT3400 Thermal", "20000");
    zone(4, "battery", "-274000");
    const auto samples = sensors.read();
    EXPECT_EQ(samples.value(kTemperatureOf, "cpu-thermal/thermal_zone0"), 71);
    EXPECT_TRUE(samples.is_null(kTemperatureOf, "battery/thermal_zone4"));
    EXPECT_EQ(samples.layout.size(), 5U);  // and those of the three chips
}

}  // namespace
}  // namespace chorus::agent
