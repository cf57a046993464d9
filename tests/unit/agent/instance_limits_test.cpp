// More instances than are told one by one: what matters most is told, totals are over all, and the
// rest is counted.
#include <gtest/gtest.h>

#include "agent/collect/cpu_collector.h"
#include "agent/collect/devices/device_collectors.h"
#include "agent/collect/devices/sensor_collector.h"
#include "agent/collect/network/network_collector.h"
#include "agent/collect/storage/disk_collector.h"
#include "agent/collect/storage/filesystem_collector.h"
#include "agent/collect/unit_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Samples;
using testing::TemporaryTree;
using namespace std::chrono_literals;

constexpr const char* kLeftOut = "agent_left_out_count";

// A machine of files written by the test.
struct CrowdedHost {
    TemporaryTree proc_tree, sys_tree;
    ManualBootClock clock{5'000s};
    ReadFaults faults;
    Reader proc{proc_tree.path(), clock};
    Reader sys{sys_tree.path(), clock};
};

std::size_t count(const Samples& samples, std::string_view metric_type) {
    std::size_t labelled = 0;
    for (const auto& key : samples.layout) {
        labelled += key.metric_type == metric_type && !key.label.empty();
    }
    return labelled;
}

// `each` bytes were received by every interface.
std::string net_dev(std::size_t veths, std::uint64_t each) {
    std::string text = "Inter-|\n face |\n";
    const auto add = [&](const std::string& name) {
        text += name + ": " + std::to_string(each) + " 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    };
    for (std::size_t i = 0; i < veths; ++i) add("veth" + std::to_string(i));
    add("eth1");
    return text;
}

TEST(InstanceLimits, InterfaceThatWasAttachedLaterIsToldBeforeVirtualOnes) {
    CrowdedHost host;
    host.sys_tree.write("class/net/eth1/device/vendor", "1\n");
    host.sys_tree.write("class/net/eth1/operstate", "up\n");
    NetworkCollector network(host.proc, host.sys, host.faults, 10s);
    host.proc_tree.write("net/dev", net_dev(kMaxInterfaces + 40, 0));
    collect(network);
    host.clock.advance(10s);
    host.proc_tree.write("net/dev", net_dev(kMaxInterfaces + 40, 1'000));
    const auto later = collect(network);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec", "eth1"), 100);
    EXPECT_EQ(later.value("network_link_up", "eth1"), 1);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec"), 100);
    EXPECT_EQ(later.value("network_bytes_recv"), 1'000.0 * (kMaxInterfaces + 41));
    EXPECT_EQ(count(later, "network_receive_bytes_per_sec"), kMaxInterfaces);
    EXPECT_EQ(later.value(kLeftOut, "interfaces"), 41);
    host.proc_tree.remove("net/dev");
    host.proc_tree.write("net/dev/x", "");
    const auto unreadable = collect(network);
    EXPECT_TRUE(unreadable.is_null("network_receive_bytes_per_sec", "eth1"));
    EXPECT_EQ(count(unreadable, "network_receive_bytes_per_sec"), kMaxInterfaces);
}

TEST(InstanceLimits, RatesOfAHostWithoutHardwareAreOverAllInterfaces) {
    CrowdedHost host;
    NetworkCollector network(host.proc, host.sys, host.faults, 10s);
    host.proc_tree.write("net/dev", net_dev(kMaxInterfaces + 43, 0));
    collect(network);
    host.clock.advance(10s);
    host.proc_tree.write("net/dev", net_dev(kMaxInterfaces + 43, 10));
    EXPECT_DOUBLE_EQ(collect(network).value("network_receive_bytes_per_sec"), 300);
}

TEST(InstanceLimits, RealDisksAreToldBeforeStackedOnes) {
    CrowdedHost host;
    std::string stats;
    const auto add = [&](const std::string& name) {
        stats += "8 0 " + name + " 1 0 8 0 0 0 0 0 0 0 0\n";
        host.sys_tree.write("block/" + name + "/size", "1\n");
    };
    for (std::size_t i = 0; i < kMaxDisks + 7; ++i) add("dm-" + std::to_string(i));
    add("sdz");
    host.sys_tree.write("block/sdz/device/vendor", "x\n");
    host.proc_tree.write("diskstats", stats);
    DiskCollector disks(host.proc, host.sys, host.faults, 10s);
    const auto samples = collect(disks);
    EXPECT_TRUE(samples.has("disk_inflight_count", "sdz"));
    EXPECT_EQ(samples.value("disk_read_bytes"), 8 * 512);
    EXPECT_EQ(count(samples, "disk_inflight_count"), kMaxDisks);
    EXPECT_EQ(samples.value(kLeftOut, "disks"), 8);
}

TEST(InstanceLimits, RootAndRealDevicesAreToldBeforeOtherMounts) {
    CrowdedHost host;
    std::string mounts;
    int device = 0;
    const auto add = [&](const std::string& point, const std::string& type,
                         const std::string& source) {
        ++device;
        const std::string number = std::to_string(device);
        mounts += number + (device == 1 ? " 0 0:" : " 1 0:") + number + " / " + point + " rw - " +
                  type + ' ' + source + " rw\n";
    };
    add("/", "zfs", "rpool");
    for (std::size_t i = 0; i < kMaxMounts; ++i) {
        add("/a" + std::to_string(i), "nfs4", "server:/x");
    }
    add("/z", "ext4", "/dev/sda1");
    host.proc_tree.write("1/mountinfo", mounts);
    FilesystemCollector filesystems(host.proc, host.faults, "/",
                                    [](const std::string&) { return FilesystemUsage{}; });
    const auto samples = collect(filesystems);
    EXPECT_TRUE(samples.has("filesystem_readonly", "/"));
    EXPECT_TRUE(samples.has("filesystem_readonly", "/z"));
    EXPECT_EQ(count(samples, "filesystem_readonly"), kMaxMounts);
    EXPECT_EQ(samples.value(kLeftOut, "mounts"), 2);
}

TEST(InstanceLimits, MountPointsWithOddBytesAreToldApart) {
    CrowdedHost host;
    host.proc_tree.write("1/mountinfo",
                         "1 1 8:1 / /b\xE4r rw - ext4 /dev/a rw\n"
                         "1 1 8:2 / /b\xFCr rw - ext4 /dev/b rw\n"
                         "1 1 8:3 / /a\\012b rw - ext4 /dev/c rw\n");
    FilesystemCollector filesystems(host.proc, host.faults, "/",
                                    [](const std::string&) { return FilesystemUsage{}; });
    const auto samples = collect(filesystems);
    for (const char* label : {"/b\\xe4r", "/b\\xfcr", "/a\\x0ab"}) {
        EXPECT_TRUE(samples.has("filesystem_readonly", label)) << label;
    }
}

TEST(InstanceLimits, SensorsCoresAndBatteriesAboveTheMostAreCounted) {
    CrowdedHost host;
    for (int i = 1; i <= 300; ++i) {
        host.sys_tree.write("class/hwmon/hwmon0/fan" + std::to_string(i) + "_input", "1\n");
    }
    for (int i = 0; i < 70; ++i) {
        host.sys_tree.write("class/power_supply/BAT" + std::to_string(i) + "/capacity", "50\n");
        host.sys_tree.write("class/power_supply/AC" + std::to_string(i) + "/online", "1\n");
    }
    std::string stat = "cpu 1 1 1 1\n";
    for (std::size_t i = 0; i < kMaxCores + 5; ++i) {
        stat += "cpu" + std::to_string(i) + " 1 1 1 1\n";
    }
    host.proc_tree.write("stat", stat);
    SensorCollector sensors(host.sys_tree.path());
    EXPECT_EQ(collect(sensors).value(kLeftOut, "sensors"), 300 - 256);
    BatteryCollector batteries(host.sys);
    EXPECT_EQ(collect(batteries).value(kLeftOut, "batteries"), 70 - 64);
    CpuCollector cpu(host.proc, host.sys, host.faults, 10s, 100);
    const auto cores = collect(cpu);
    EXPECT_EQ(cores.value(kLeftOut, "cores"), 5);
    EXPECT_EQ(cores.value("cpu_count"), kMaxCores + 5);
}

TEST(InstanceLimits, FailedUnitIsToldBeforeRunningOnes) {
    CrowdedHost host;
    std::vector<UnitState> units;
    const auto add = [&](const std::string& name, const char* state) {
        UnitState unit;
        unit.name = name;
        unit.active_state = state;
        units.push_back(unit);
    };
    for (std::size_t i = 0; i < UnitCollector::kMostUnits; ++i) {
        add("a" + std::to_string(i) + ".service", "active");
    }
    UnitCollector collector([&] { return std::optional(units); }, host.faults, host.clock);
    collect(collector);
    add("z.mount", "failed");
    host.clock.advance(61s);
    const auto samples = collect(collector);
    EXPECT_EQ(samples.value("unit_failed", "z.mount"), 1);
    EXPECT_EQ(samples.value("system_units_failed_count"), 1);
    EXPECT_EQ(samples.value(kLeftOut, "units"), 1);
}

}  // namespace
}  // namespace chorus::agent
