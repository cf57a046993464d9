// Memory, load and disks.
#include <gtest/gtest.h>

#include "agent/collect/load_collector.h"
#include "agent/collect/memory_collector.h"
#include "agent/collect/storage/disk_collector.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
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

}  // namespace
}  // namespace chorus::agent
