// Arrays, batteries, memory errors, throttling, and collectors that hang.
#include "agent/collect/devices/device_collectors.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "agent/collect/support/watched_collector.h"
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

TEST(RaidCollector, TellsOfMissingDisks) {
    Devices devices;
    RaidCollector raid(devices.sys);
    EXPECT_EQ(collect(raid).value("raid_degraded_count", "md0"), 1);
    devices.tree.write("block/md1/size", "1");  // RAID 0 cannot be degraded
    EXPECT_FALSE(collect(raid).has("raid_degraded_count", "md1"));
}

TEST(RaidCollector, AnyNameOfAnArrayIsOne) {
    Devices devices;
    for (const char* name : {"md_d0", "md_home", "md127"}) {
        devices.tree.write(std::string("block/") + name + "/md/degraded", "1\n");
    }
    devices.tree.write("block/mdadm/size", "1");
    RaidCollector raid(devices.sys);
    const auto samples = collect(raid);
    for (const char* name : {"md_d0", "md_home", "md127"}) {
        EXPECT_EQ(samples.value("raid_degraded_count", name), 1) << name;
    }
    EXPECT_FALSE(samples.has("raid_degraded_count", "mdadm"));
}

TEST(RaidCollector, ArrayThatIsBrokenOrDidNotStartHasFailed) {
    Devices devices;
    const auto has = [&](const char* file, const char* text) {
        devices.tree.write(std::string("block/") + file, text);
    };
    has("md1/md/level", "raid0\n");
    has("md1/md/array_state", "broken\n");
    has("md2/md/degraded", "0\n");
    has("md2/md/array_state", "inactive\n");
    has("md3/md/degraded", "0\n");
    has("md3/md/array_state", "active-idle\n");
    RaidCollector raid(devices.sys);
    const auto samples = collect(raid);
    EXPECT_EQ(samples.value("raid_failed", "md1"), 1);
    EXPECT_FALSE(samples.has("raid_degraded_count", "md1"));
    EXPECT_EQ(samples.value("raid_failed", "md2"), 1);
    EXPECT_TRUE(samples.is_null("raid_degraded_count", "md2"));
    EXPECT_EQ(samples.value("raid_failed", "md3"), 0);
    EXPECT_EQ(samples.value("raid_degraded_count", "md3"), 0);
    EXPECT_FALSE(samples.has("raid_failed", "md0"));  // which does not tell its state
}

// Containers of firmware RAID are never started; an array inside of one is.
TEST(RaidCollector, ContainerOfFirmwareIsNoFault) {
    Devices devices;
    devices.tree.write("block/md127/md/array_state", "inactive\n");
    devices.tree.write("block/md127/md/metadata_version", "external:imsm\n");
    devices.tree.write("block/md126/md/array_state", "inactive\n");
    devices.tree.write("block/md126/md/metadata_version", "external:/md127/0\n");
    RaidCollector raid(devices.sys);
    const auto samples = collect(raid);
    EXPECT_EQ(samples.value("raid_failed", "md127"), 0);
    EXPECT_EQ(samples.value("raid_failed", "md126"), 1);
}

TEST(BatteryCollector, ChargeThatNoBatteryHasIsNull) {
    Devices devices;
    devices.tree.write("class/power_supply/BAT0/capacity", "255\n");
    devices.tree.write("class/power_supply/BAT2/capacity", "117\n");
    devices.tree.write("class/power_supply/BAT1/capacity", "0\n");
    devices.tree.write("class/power_supply/BAT1/present", "0\n");
    BatteryCollector battery(devices.sys);
    const auto samples = collect(battery);
    EXPECT_TRUE(samples.is_null("battery_charge_percent", "BAT0"));
    EXPECT_FALSE(samples.has("battery_charge_percent", "BAT1"));
    EXPECT_EQ(samples.value("battery_charge_percent", "BAT2"), 100);  // new, it holds more
}

TEST(BatteryCollector, ChargeComesFromEnergyWhereNoShareIsTold) {
    Devices devices;
    devices.tree.write("class/power_supply/BAT1/energy_now", "20000000\n");
    devices.tree.write("class/power_supply/BAT1/energy_full", "50000000\n");
    devices.tree.write("class/power_supply/BAT2/charge_now", "1000000\n");
    devices.tree.write("class/power_supply/BAT2/charge_full", "4000000\n");
    BatteryCollector battery(devices.sys);
    const auto samples = collect(battery);
    EXPECT_DOUBLE_EQ(samples.value("battery_charge_percent", "BAT1"), 40);
    EXPECT_DOUBLE_EQ(samples.value("battery_charge_percent", "BAT2"), 25);
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
