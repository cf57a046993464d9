// Memory, load, disks and network.
#include <gtest/gtest.h>

#include "agent/collect/disk_collector.h"
#include "agent/collect/load_collector.h"
#include "agent/collect/memory_collector.h"
#include "agent/collect/network_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using testing::Samples;
using testing::TemporaryTree;
using namespace std::chrono_literals;

TEST(MemoryCollector, GivesMebibytesAndShares) {
    Machine machine;
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_DOUBLE_EQ(samples.value("memory_total_mb"), 16'000);
    EXPECT_DOUBLE_EQ(samples.value("memory_available_mb"), 8'000);
    EXPECT_DOUBLE_EQ(samples.value("memory_used_mb"), 8'000);
    EXPECT_DOUBLE_EQ(samples.value("memory_usage_percent"), 50);
    EXPECT_DOUBLE_EQ(samples.value("swap_total_mb"), 2'000);
    EXPECT_DOUBLE_EQ(samples.value("swap_used_mb"), 500);
    EXPECT_DOUBLE_EQ(samples.value("swap_usage_percent"), 25);
    EXPECT_EQ(memory.total_bytes(), 16'384'000ULL * 1'024);
}

TEST(MemoryCollector, GivesThePartsInBytes) {
    Machine machine;
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_EQ(samples.value("memory_free_bytes"), 2'048'000 * 1'024.0);
    EXPECT_EQ(samples.value("memory_buffers_bytes"), 102'400 * 1'024.0);
    EXPECT_EQ(samples.value("memory_cached_bytes"), (6'144'000 + 307'200 - 204'800) * 1'024.0);
    EXPECT_EQ(samples.value("memory_shared_bytes"), 204'800 * 1'024.0);
    EXPECT_EQ(samples.value("memory_slab_reclaimable_bytes"), 307'200 * 1'024.0);
    EXPECT_EQ(samples.value("memory_slab_unreclaimable_bytes"), 153'600 * 1'024.0);
    EXPECT_EQ(samples.value("memory_anon_bytes"), 4'000'000 * 1'024.0);
    EXPECT_EQ(samples.value("memory_dirty_bytes"), (512 + 64) * 1'024.0);
    EXPECT_EQ(samples.value("memory_commit_percent"), 60);
    EXPECT_EQ(samples.value("memory_hugepages_used_percent"), 75);
    EXPECT_EQ(samples.value("swap_cached_bytes"), 1'024 * 1'024.0);
    EXPECT_FALSE(samples.has("memory_zfs_arc_bytes"));
}

// 3 GiB of cache, of which 1 GiB stays: 2 GiB more are available.
TEST(MemoryCollector, CacheOfZfsIsAvailableDownToItsMinimum) {
    Machine machine;
    machine.proc_tree.write("spl/kstat/zfs/arcstats",
                            "13 1 0x01 123 33456 1 2\nname type data\nhits 4 7\n"
                            "c_min 4 1073741824\nsize 4 3221225472\n");
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_EQ(samples.value("memory_zfs_arc_bytes"), 3'221'225'472.0);
    EXPECT_DOUBLE_EQ(samples.value("memory_available_mb"), 8'000 + 2'048);
    EXPECT_DOUBLE_EQ(samples.value("memory_usage_percent"), 100 * (16'000 - 10'048) / 16'000.0);
}

TEST(MemoryCollector, HostWithoutSwapUsesNoneOfIt) {
    Machine machine;
    machine.proc_tree.write("meminfo", "MemTotal: 1024 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_EQ(samples.value("swap_total_mb"), 0);
    EXPECT_EQ(samples.value("swap_used_mb"), 0);
    EXPECT_EQ(samples.value("swap_usage_percent"), 0);
    EXPECT_TRUE(samples.is_null("memory_usage_percent"));
}

TEST(MemoryCollector, WithoutTheFileEveryValueIsNull) {
    Machine machine;
    MemoryCollector memory(machine.proc, machine.faults);
    const auto names = collect(memory).names();
    machine.proc_tree.remove("meminfo");
    const auto without = collect(memory);
    EXPECT_EQ(without.names(), names);
    for (const double value : without.values) EXPECT_TRUE(std::isnan(value));
}

TEST(LoadCollector, GivesLoadAndUptime) {
    Machine machine;
    CpuCollector cpu(machine.proc, machine.sys, machine.faults, Machine::kInterval, 100);
    LoadCollector load(machine.proc, machine.faults, cpu);
    EXPECT_TRUE(collect(load).is_null("load_per_cpu_1m"));
    collect(cpu);
    const auto samples = collect(load);
    EXPECT_DOUBLE_EQ(samples.value("load_per_cpu_1m"), 0.13);
    EXPECT_DOUBLE_EQ(samples.value("load_avg_1min"), 0.52);
    EXPECT_DOUBLE_EQ(samples.value("load_avg_5min"), 1.25);
    EXPECT_DOUBLE_EQ(samples.value("load_avg_15min"), 2.5);
    EXPECT_DOUBLE_EQ(samples.value("uptime_seconds"), 5000.25);
}

DiskCollector disks_of(Machine& machine) {
    return {machine.proc, machine.sys, machine.faults, Machine::kInterval};
}

// sda, nvme0n1 and cciss/c0d0 are hardware; partitions, dm-0, md0, loop0 and zram0 would count
// twice or are memory.
TEST(DiskCollector, TotalsSumTheHardwareOnly) {
    Machine machine;
    auto disk = disks_of(machine);
    const auto samples = collect(disk);
    EXPECT_EQ(samples.value("disk_read_count"), 1'000 + 2'000 + 4);
    EXPECT_EQ(samples.value("disk_write_count"), 500 + 0 + 2);
    EXPECT_EQ(samples.value("disk_read_bytes"), (80'000 + 160'000 + 64) * 512.0);
    EXPECT_EQ(samples.value("disk_write_bytes"), (40'000 + 0 + 32) * 512.0);
}

TEST(DiskCollector, SeriesAreThoseOfWholeDevices) {
    Machine machine;
    auto disk = disks_of(machine);
    const auto samples = collect(disk);
    for (const char* name : {"sda", "nvme0n1", "dm-0", "md0", "cciss/c0d0"}) {
        EXPECT_TRUE(samples.is_null("disk_busy_percent", name)) << name;
    }
    for (const char* name : {"sda1", "sda2", "loop0", "zram0"}) {
        EXPECT_FALSE(samples.has("disk_busy_percent", name)) << name;
    }
}

TEST(DiskCollector, RatesAreThoseOfTheInterval) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    const auto later = collect(disk);
    EXPECT_DOUBLE_EQ(later.value("disk_read_bytes_per_sec", "sda"), 1'048'576);
    EXPECT_DOUBLE_EQ(later.value("disk_write_bytes_per_sec", "sda"), 2'097'152);
    EXPECT_DOUBLE_EQ(later.value("disk_reads_per_sec", "sda"), 10);
    EXPECT_DOUBLE_EQ(later.value("disk_writes_per_sec", "sda"), 5);
    EXPECT_DOUBLE_EQ(later.value("disk_busy_percent", "sda"), 25);
    EXPECT_DOUBLE_EQ(later.value("disk_reads_per_sec", "nvme0n1"), 100);
    EXPECT_DOUBLE_EQ(later.value("disk_reads_per_sec", "cciss/c0d0"), 0);
    EXPECT_DOUBLE_EQ(later.value("disk_discard_bytes_per_sec", "sda"), 1'048'576);
}

TEST(DiskCollector, RatesOfTheHostAreThoseOfTheHardware) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    const auto later = collect(disk);
    EXPECT_DOUBLE_EQ(later.value("disk_read_bytes_per_sec"), 1'048'576 + 10'485'760);
    EXPECT_DOUBLE_EQ(later.value("disk_write_bytes_per_sec"), 2'097'152);
    EXPECT_DOUBLE_EQ(later.value("disk_reads_per_sec"), 110);
    EXPECT_DOUBLE_EQ(later.value("disk_writes_per_sec"), 5);
}

// Sum of the others would look like a fall.
TEST(DiskCollector, RateOfTheHostIsUnknownWhileThatOfADeviceIs) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    machine.proc_tree.write("diskstats",
                            "8 0 sda 1 0 0 0 0 0 0 0 0 0 0\n259 0 nvme0n1 3000 10 364800 500 0 "
                            "20 0 900 0 17000 1\n");
    EXPECT_TRUE(collect(disk).is_null("disk_reads_per_sec"));
}

TEST(DiskCollector, WaitsAndQueuesAreThoseOfIostat) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    const auto later = collect(disk);
    EXPECT_DOUBLE_EQ(later.value("disk_read_await_ms", "sda"), 4);
    EXPECT_DOUBLE_EQ(later.value("disk_write_await_ms", "sda"), 10);
    EXPECT_DOUBLE_EQ(later.value("disk_flush_await_ms", "sda"), 5);
    EXPECT_DOUBLE_EQ(later.value("disk_queue_avg", "sda"), 0.25);
    EXPECT_DOUBLE_EQ(later.value("disk_inflight_count", "sda"), 2);
    EXPECT_DOUBLE_EQ(later.value("disk_queue_avg", "nvme0n1"), 1.5);  // over 2^32
    EXPECT_TRUE(later.is_null("disk_write_await_ms", "nvme0n1"));     // nothing was written
}

// nvme0n1 goes from 4,294,966,296 ms over 2^32 to 14,000 ms: 15,000 ms in 10 s.
TEST(DiskCollector, BusyTimeWrapsAndIsAtMostTheWholeInterval) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    EXPECT_DOUBLE_EQ(collect(disk).value("disk_busy_percent", "nvme0n1"), 100);
    machine.become("server/proc", 30s);
    machine.proc_tree.write("diskstats", "259 0 nvme0n1 3000 10 364800 500 0 20 0 900 0 17000 1\n");
    EXPECT_DOUBLE_EQ(collect(disk).value("disk_busy_percent", "nvme0n1"), 10);
}

TEST(DiskCollector, CounterGoingBackGivesNoValue) {
    Machine machine;
    auto disk = disks_of(machine);
    collect(disk);
    machine.become("server/proc-later");
    const auto later = collect(disk);
    for (const char* name : {"disk_read_bytes_per_sec", "disk_write_bytes_per_sec",
                             "disk_reads_per_sec", "disk_writes_per_sec", "disk_busy_percent"}) {
        EXPECT_TRUE(later.is_null(name, "md0")) << name;
    }
}

// Requests of sda that its driver counted as ended twice.
TEST(DiskCollector, FewerRequestsThanNoneAreUnknown) {
    Machine machine;
    auto disk = disks_of(machine);
    machine.proc_tree.write("diskstats", "8 0 sda 10 0 80 50 10 0 80 50 0 6000 6100\n");
    collect(disk);
    machine.clock.advance(10s);
    machine.proc_tree.write("diskstats", "8 0 sda 20 0 160 90 20 0 160 49 4294967295 5990 6000\n");
    const auto later = collect(disk);
    EXPECT_TRUE(later.is_null("disk_inflight_count", "sda"));
    EXPECT_TRUE(later.is_null("disk_queue_avg", "sda"));
    EXPECT_TRUE(later.is_null("disk_busy_percent", "sda"));
    EXPECT_TRUE(later.is_null("disk_write_await_ms", "sda"));
    EXPECT_DOUBLE_EQ(later.value("disk_read_await_ms", "sda"), 4);
    EXPECT_DOUBLE_EQ(later.value("disk_reads_per_sec", "sda"), 1);
}

TEST(DiskCollector, CounterThatJumpsAheadGivesNoValue) {
    Machine machine;
    auto disk = disks_of(machine);
    machine.proc_tree.write("diskstats", "8 0 sda 10 0 80 50 10 0 80 50 0 6000 6100\n");
    collect(disk);
    machine.clock.advance(10s);
    machine.proc_tree.write("diskstats",
                            "8 0 sda 20 0 18446744073709551000 90 20 0 160 90 0 6100 6200\n");
    const auto later = collect(disk);
    EXPECT_TRUE(later.is_null("disk_read_bytes_per_sec", "sda"));
    EXPECT_TRUE(later.is_null("disk_read_bytes_per_sec"));
    EXPECT_DOUBLE_EQ(later.value("disk_write_bytes_per_sec", "sda"), 4'096);
}

TEST(DiskCollector, UnreadableFileLeavesTheLayout) {
    Machine machine;
    auto disk = disks_of(machine);
    const auto names = collect(disk).names();
    machine.proc_tree.remove("diskstats");
    machine.clock.advance(10s);
    const auto without = collect(disk);
    EXPECT_EQ(without.names(), names);
    for (const double value : without.values) EXPECT_TRUE(std::isnan(value));
    machine.become("server/proc-later");
    EXPECT_TRUE(collect(disk).is_null("disk_reads_per_sec", "sda"));  // no previous sample
}

NetworkCollector network_of(Machine& machine) {
    return {machine.proc, machine.sys, machine.faults, Machine::kInterval};
}

TEST(NetworkCollector, TotalsLeaveOutTheLoopback) {
    Machine machine;
    auto network = network_of(machine);
    const auto samples = collect(network);
    EXPECT_EQ(samples.value("network_bytes_recv"), 1'000'000 + 700'000 + 100);
    EXPECT_EQ(samples.value("network_bytes_sent"), 3'000'000 + 600'000 + 200);
    EXPECT_EQ(samples.value("network_packets_recv"), 2'000 + 800 + 1);
    EXPECT_EQ(samples.value("network_packets_sent"), 4'000 + 700 + 2);
    EXPECT_FALSE(samples.has("network_receive_bytes_per_sec", "lo"));
}

TEST(NetworkCollector, RatesAreThoseOfTheInterval) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec", "eth0"), 125'000);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_bytes_per_sec", "eth0"), 250'000);
    EXPECT_DOUBLE_EQ(later.value("network_receive_packets_per_sec", "eth0"), 100);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_packets_per_sec", "eth0"), 200);
    EXPECT_DOUBLE_EQ(later.value("network_receive_errors_per_sec", "eth0"), 1);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_errors_per_sec", "eth0"), 0.5);
    EXPECT_DOUBLE_EQ(later.value("network_receive_drops_per_sec", "eth0"), 2);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_drops_per_sec", "eth0"), 0);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec", "veth12ab34c"), 0);
}

TEST(NetworkCollector, NewAndResetInterfacesHaveNoRateYet) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "docker0"));
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "eth1"));
    EXPECT_TRUE(later.is_null("network_transmit_drops_per_sec", "eth1"));
}

TEST(NetworkCollector, UnreadableFileLeavesTheLayout) {
    Machine machine;
    auto network = network_of(machine);
    const auto names = collect(network).names();
    machine.proc_tree.remove("net");
    machine.clock.advance(10s);
    const auto without = collect(network);
    EXPECT_EQ(without.names(), names);
    for (std::size_t i = 0; i < without.values.size(); ++i) {
        const std::string& name = without.layout[i].metric_type;
        const bool of_sysfs = name == "network_link_up" || name == "network_speed_mbps";
        EXPECT_EQ(std::isnan(without.values[i]), !of_sysfs) << name;
    }
}

TEST(NetworkCollector, RatesOfTheHostAreThoseOfTheHardware) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_DOUBLE_EQ(later.value("network_receive_bytes_per_sec"), 125'000);
    EXPECT_DOUBLE_EQ(later.value("network_transmit_packets_per_sec"), 200);
}

// What a test says of one interface in sysfs.
class Interfaces {
  public:
    void write(const std::string& attribute, const std::string& text) {
        sys_tree.write("class/net/" + attribute, text + '\n');
    }
    Samples second_sample() {
        NetworkCollector network(machine.proc, sys, machine.faults, Machine::kInterval);
        collect(network);
        machine.become("server/proc-later");
        return collect(network);
    }
    TemporaryTree sys_tree;
    Machine machine;
    Reader sys{sys_tree.path(), machine.clock};
};

TEST(NetworkCollector, WithoutHardwareTheHostsRatesAreThoseOfAll) {
    Interfaces interfaces;
    interfaces.machine.proc_tree.write("net/dev", "eth0: 1000000 2000 10 20 0 0 0 0 1 1 1 1 0 0\n");
    const auto later = interfaces.second_sample();
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec"));  // eth1 is new
    EXPECT_FALSE(later.has("network_link_up", "eth0"));
}

TEST(NetworkCollector, UsageOfALinkIsThatOfItsBusierDirection) {
    Machine machine;
    auto network = network_of(machine);
    collect(network);
    machine.become("server/proc-later");
    const auto later = collect(network);
    EXPECT_EQ(later.value("network_link_up", "eth0"), 1);
    EXPECT_EQ(later.value("network_speed_mbps", "eth0"), 1'000);
    EXPECT_DOUBLE_EQ(later.value("network_usage_percent", "eth0"), 0.2);
    EXPECT_FALSE(later.has("network_link_up", "veth12ab34c"));
}

TEST(NetworkCollector, HalfDuplexSharesTheLink) {
    Interfaces interfaces;
    interfaces.write("eth0/device/vendor", "0x8086");
    interfaces.write("eth0/operstate", "up");
    interfaces.write("eth0/speed", "10");
    interfaces.write("eth0/duplex", "half");
    EXPECT_DOUBLE_EQ(interfaces.second_sample().value("network_usage_percent", "eth0"), 30);
}

TEST(NetworkCollector, LinkIsDownWithoutCarrierAndHasNoSpeed) {
    Interfaces interfaces;
    interfaces.write("eth0/device/vendor", "0x8086");
    interfaces.write("eth0/operstate", "unknown");
    interfaces.write("eth0/carrier", "0");
    interfaces.write("eth0/speed", "-1");
    const auto later = interfaces.second_sample();
    EXPECT_EQ(later.value("network_link_up", "eth0"), 0);
    EXPECT_FALSE(later.has("network_speed_mbps", "eth0"));
    EXPECT_FALSE(later.has("network_usage_percent", "eth0"));
}

TEST(NetworkCollector, SpeedThatIsNoneIsNotTold) {
    for (const char* speed : {"65535", "4294967295", "0"}) {
        Interfaces interfaces;
        interfaces.write("eth0/device/vendor", "0x1af4");
        interfaces.write("eth0/operstate", "up");
        interfaces.write("eth0/speed", speed);
        EXPECT_FALSE(interfaces.second_sample().has("network_speed_mbps", "eth0")) << speed;
    }
}

// 250,000 bytes a second are 2 Mbit/s. Of a virtual interface the speed is often made up.
TEST(NetworkCollector, LinkThatCarriesMoreThanItsSpeedHasAnotherSpeed) {
    const auto usage_at = [](const char* mbps) {
        Interfaces interfaces;
        interfaces.write("eth0/device/vendor", "0x1af4");
        interfaces.write("eth0/operstate", "up");
        interfaces.write("eth0/speed", mbps);
        return interfaces.second_sample().value("network_usage_percent", "eth0");
    };
    EXPECT_DOUBLE_EQ(usage_at("2"), 100);
    EXPECT_DOUBLE_EQ(usage_at("1"), 100);  // some drivers count every other second
    EXPECT_TRUE(std::isnan(usage_at("0.9")));
}

// An interface that another driver took over counts from elsewhere.
TEST(NetworkCollector, CounterThatJumpsAheadGivesNoValue) {
    Interfaces interfaces;
    interfaces.machine.proc_tree.write("net/dev", "eth0: 1 2 10 20 0 0 0 0 1 1 1 1 0 0\n");
    NetworkCollector network(interfaces.machine.proc, interfaces.sys, interfaces.machine.faults,
                             Machine::kInterval);
    collect(network);
    interfaces.machine.clock.advance(10s);
    interfaces.machine.proc_tree.write(
        "net/dev", "eth0: 18446744073709551000 12 10 20 0 0 0 0 11 1 1 1 0 0\n");
    const auto later = collect(network);
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec", "eth0"));
    EXPECT_TRUE(later.is_null("network_receive_bytes_per_sec"));
    EXPECT_DOUBLE_EQ(later.value("network_receive_packets_per_sec", "eth0"), 1);
}

// Some drivers tell 0 for a moment. What comes after is no traffic of ten seconds.
TEST(NetworkCollector, CountersThatAreZeroForAMomentGiveNoValue) {
    Interfaces interfaces;
    NetworkCollector network(interfaces.machine.proc, interfaces.sys, interfaces.machine.faults,
                             Machine::kInterval);
    const auto next = [&](const std::string& bytes, const char* packets) {
        interfaces.machine.clock.advance(10s);
        interfaces.machine.proc_tree.write(
            "net/dev", "eth0: " + bytes + ' ' + packets + " 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        return collect(network);
    };
    const auto* const rate = "network_receive_bytes_per_sec";
    next("1000000000000", "9");
    EXPECT_DOUBLE_EQ(next("1000000001000", "10").value(rate, "eth0"), 100);
    EXPECT_TRUE(next("0", "0").is_null(rate, "eth0"));
    EXPECT_TRUE(next("1000000003000", "12").is_null(rate, "eth0"));
    EXPECT_DOUBLE_EQ(next("1000000004000", "13").value(rate, "eth0"), 100);
    next("0", "0");
    next("0", "0");
    EXPECT_DOUBLE_EQ(next("0", "0").value(rate, "eth0"), 0);  // it was made anew, and is idle
}

}  // namespace
}  // namespace chorus::agent
