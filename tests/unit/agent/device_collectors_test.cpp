// Sensors, arrays, batteries, memory errors and throttling.
#include "agent/collect/device_collectors.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "agent/collect/sensor_collector.h"
#include "agent/collect/watched_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::fixture;
using testing::Samples;
using testing::TemporaryTree;
using namespace std::chrono_literals;

// The written server's sysfs, which a test may change.
struct Devices {
    Devices() { tree.copy(fixture("server/sys")); }

    TemporaryTree tree;
    ManualBootClock clock{5'000s};
    Reader sys{tree.path(), clock};
};

TEST(SensorCollector, GivesEachSensorInItsUnit) {
    SensorCollector sensors(fixture("server/sys"));
    const auto samples = collect(sensors);
    EXPECT_DOUBLE_EQ(samples.value("sensor_temperature_celsius", "coretemp/Package id 0"), 45);
    EXPECT_DOUBLE_EQ(samples.value("sensor_temperature_celsius", "coretemp/Core 0"), 43.5);
    EXPECT_DOUBLE_EQ(samples.value("sensor_temperature_celsius", "nvme/temp1"), 38.85);
    EXPECT_DOUBLE_EQ(samples.value("sensor_fan_rpm", "nct6775/fan1"), 1'200);
    EXPECT_DOUBLE_EQ(samples.value("sensor_voltage_volts", "nct6775/Vcore"), 1.08);
    EXPECT_DOUBLE_EQ(samples.value("sensor_power_watts", "power_meter/power1"), 150.25);
}

TEST(SensorCollector, HeadroomIsToTheCriticalElseTheHighestTemperature) {
    SensorCollector sensors(fixture("server/sys"));
    const auto samples = collect(sensors);
    const auto* const name = "sensor_temperature_headroom_celsius";
    EXPECT_DOUBLE_EQ(samples.value(name, "coretemp/Package id 0"), 55);
    EXPECT_DOUBLE_EQ(samples.value(name, "coretemp/Core 0"), 36.5);
    EXPECT_FALSE(samples.has(name, "nvme/temp1"));  // a limit of 0 is none
}

TEST(SensorCollector, SensorThatCannotBeReadIsNull) {
    SensorCollector sensors(fixture("server/sys"));
    EXPECT_TRUE(collect(sensors).is_null("sensor_temperature_celsius", "nct6775/temp3"));
}

TEST(SensorCollector, ChipsOfOneNameAreToldApart) {
    SensorCollector sensors(fixture("server/sys"));
    EXPECT_DOUBLE_EQ(
        collect(sensors).value("sensor_temperature_celsius", "coretemp/Package id 0#2"), 47);
}

TEST(SensorCollector, ThermalZonesServeMachinesWithoutChips) {
    Devices devices;
    SensorCollector with_chips(devices.tree.path());
    EXPECT_FALSE(
        collect(with_chips).has("sensor_temperature_celsius", "x86_pkg_temp/thermal_zone0"));
    devices.tree.remove("class/hwmon");
    EXPECT_DOUBLE_EQ(
        collect(with_chips).value("sensor_temperature_celsius", "x86_pkg_temp/thermal_zone0"), 45);
}

TEST(RaidCollector, TellsOfMissingDisks) {
    Devices devices;
    RaidCollector raid(devices.sys);
    EXPECT_EQ(collect(raid).value("raid_degraded_count", "md0"), 1);
    devices.tree.write("block/md1/size", "1");  // RAID 0 cannot be degraded
    EXPECT_FALSE(collect(raid).has("raid_degraded_count", "md1"));
}

TEST(BatteryCollector, TellsTheChargeOfBatteriesOnly) {
    Devices devices;
    BatteryCollector battery(devices.sys);
    const auto samples = collect(battery);
    EXPECT_EQ(samples.value("battery_charge_percent", "BAT0"), 87);
    EXPECT_EQ(samples.layout.size(), 1U);
}

TEST(EccCollector, TellsNewErrorsOnly) {
    Devices devices;
    EccCollector ecc(devices.sys);
    EXPECT_TRUE(collect(ecc).is_null("memory_ecc_correctable_count", "mc0"));
    devices.tree.write("devices/system/edac/mc/mc0/ce_count", "15\n");
    const auto later = collect(ecc);
    EXPECT_EQ(later.value("memory_ecc_correctable_count", "mc0"), 3);
    EXPECT_EQ(later.value("memory_ecc_uncorrectable_count", "mc0"), 0);
    devices.tree.write("devices/system/edac/mc/mc0/ce_count", "0\n");  // reset by hand
    EXPECT_TRUE(collect(ecc).is_null("memory_ecc_correctable_count", "mc0"));
}

// 18 events of cores, 40 of one package and 9 of the other.
TEST(ThrottleCollector, CountsAPackageOnce) {
    Devices devices;
    ThrottleCollector throttle(devices.sys, devices.clock, 10s);
    EXPECT_TRUE(collect(throttle).is_null("cpu_throttle_events_per_sec"));
    devices.tree.write("devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "16\n");
    for (const char* cpu : {"cpu0", "cpu1"}) {
        devices.tree.write(
            std::string("devices/system/cpu/") + cpu + "/thermal_throttle/package_throttle_count",
            "60\n");
    }
    devices.clock.advance(10s);
    EXPECT_DOUBLE_EQ(collect(throttle).value("cpu_throttle_events_per_sec"), 3);
}

TEST(ThrottleCollector, MachineWithoutTheCountersHasNoSeries) {
    Devices devices;
    devices.tree.remove("devices/system/cpu");
    ThrottleCollector throttle(devices.sys, devices.clock, 10s);
    EXPECT_TRUE(collect(throttle).layout.empty());
}

// A device that answers only while it is let.
class Stubborn final : public Collector {
  public:
    void collect(MetricSink& out) override {
        std::unique_lock lock(mutex_);
        ++calls_;
        changed_.wait(lock, [&] { return answers_; });
        out.add("sensor_fan_rpm", "fan", "rpm", calls_);
    }
    void answer(bool yes) {
        const std::lock_guard lock(mutex_);
        answers_ = yes;
        changed_.notify_all();
    }
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

  private:
    std::mutex mutex_;  // protects the members below
    std::condition_variable changed_;
    bool answers_ = true;
    int calls_ = 0;
};

TEST(WatchedCollector, StuckDeviceIsNullHoldsOneThreadAndComesBack) {
    const auto device = std::make_shared<Stubborn>();
    WatchedCollector watched(device, 50ms);
    EXPECT_EQ(collect(watched).value("sensor_fan_rpm", "fan"), 1);
    device->answer(false);
    EXPECT_TRUE(collect(watched).is_null("sensor_fan_rpm", "fan"));
    EXPECT_TRUE(collect(watched).is_null("sensor_fan_rpm", "fan"));
    EXPECT_EQ(device->calls(), 2);
    device->answer(true);
    const auto until = std::chrono::steady_clock::now() + 10s;
    bool back = false;
    while (!back && std::chrono::steady_clock::now() < until) {
        back = !collect(watched).is_null("sensor_fan_rpm", "fan");
    }
    EXPECT_TRUE(back);
}

TEST(Reader, ListsNamesInTheOrderOfTheirNumbers) {
    const TemporaryTree tree;
    for (const char* name : {"cpu10", "cpu2", "cpu1", ".hidden"}) tree.write(name, "");
    const ManualBootClock clock{1s};
    const Reader reader(tree.path(), clock);
    EXPECT_EQ(reader.list("."), (std::vector<std::string>{"cpu1", "cpu2", "cpu10"}));
    EXPECT_TRUE(reader.list("none").empty());
}

}  // namespace
}  // namespace chorus::agent
