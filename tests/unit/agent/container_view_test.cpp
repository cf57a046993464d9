// Containers that see some figures of their own (lxcfs) and others of their host, and agents from
// whom processes are hidden.
#include <gtest/gtest.h>

#include "agent/collect/cpu_collector.h"
#include "agent/collect/host_facts.h"
#include "agent/collect/load_collector.h"
#include "agent/collect/memory_collector.h"
#include "agent/collect/process_counts.h"
#include "agent/procfs/overlaid_files.h"
#include "tests/unit/process/scanned.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using testing::scanner_of;

std::string lxcfs(const std::string& path) {
    return "512 480 0:45 " + path + " " + path +
           " rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0\n";
}
const std::string kProc = "480 470 0:46 / /proc rw,nosuid,nodev,noexec - proc proc rw\n";

TEST(OverlaidFiles, AreThoseMountedOverProc) {
    Machine machine;
    EXPECT_FALSE(OverlaidFiles(machine.proc).contains("meminfo"));
    machine.proc_tree.write("self/mountinfo", kProc + lxcfs("/proc/meminfo") + lxcfs("/proc/stat") +
                                                  lxcfs("/process/uptime"));
    const OverlaidFiles found(machine.proc);
    EXPECT_TRUE(found.contains("meminfo"));
    EXPECT_TRUE(found.contains("stat"));
    EXPECT_FALSE(found.contains("uptime"));
    EXPECT_FALSE(found.contains(""));
    const auto below = machine.proc.root();
    machine.proc_tree.write("self/mountinfo", lxcfs(below + "/loadavg"));
    EXPECT_TRUE(OverlaidFiles(machine.proc).contains("loadavg"));
}

constexpr const char* kArc =
    "13 1 0x01 123 33456 1 2\nname type data\nc_min 4 0\nsize 4 1073741824\n";

TEST(GuestMemory, IsNotCorrectedByTheCacheOfTheHost) {
    Machine machine;
    machine.proc_tree.write("spl/kstat/zfs/arcstats", kArc);
    machine.proc_tree.write("self/mountinfo", kProc + lxcfs("/proc/meminfo"));
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_DOUBLE_EQ(samples.value("memory_usage_percent"), 50);
    EXPECT_FALSE(samples.has("memory_zfs_arc_bytes"));
}

// 512 MiB are used: a gigabyte of cache cannot be part of that.
TEST(GuestMemory, ACorrectionNeverExceedsWhatIsUsed) {
    Machine machine;
    machine.proc_tree.write("spl/kstat/zfs/arcstats", kArc);
    machine.proc_tree.write(
        "meminfo", "MemTotal: 4194304 kB\nMemFree: 3670016 kB\nMemAvailable: 3670016 kB\n");
    MemoryCollector memory(machine.proc, machine.faults);
    const auto samples = collect(memory);
    EXPECT_DOUBLE_EQ(samples.value("memory_used_mb"), 512);
    EXPECT_FALSE(samples.has("memory_zfs_arc_bytes"));
}

TEST(GuestCpus, AreCountedInTheContainersOwnFile) {
    Machine machine;  // four are online
    machine.proc_tree.write("stat", "cpu  8 0 0 0\ncpu0 4 0 0 0\ncpu1 4 0 0 0\nbtime 1700000000\n");
    machine.proc_tree.write("self/mountinfo", kProc + lxcfs("/proc/stat"));
    CpuCollector cpu(machine.proc, machine.sys, machine.faults, Machine::kInterval, 100);
    EXPECT_EQ(collect(cpu).value("cpu_count"), 2);
    EXPECT_EQ(read_host_info(machine.proc, machine.sys, machine.proc).cpu_count, 2);
    // The load is the host's still, and not to be divided by the container's CPUs.
    LoadCollector load(machine.proc, machine.faults, cpu);
    EXPECT_TRUE(collect(load).is_null("load_per_cpu_1m"));
    EXPECT_DOUBLE_EQ(collect(load).value("load_avg_1min"), 0.52);
    machine.proc_tree.write("self/mountinfo", kProc + lxcfs("/proc/stat") + lxcfs("/proc/loadavg"));
    LoadCollector own_load(machine.proc, machine.faults, cpu);
    EXPECT_DOUBLE_EQ(collect(own_load).value("load_per_cpu_1m"), 0.26);
}

testing::Samples counts_with(Machine& machine, const std::string& loadavg) {
    machine.proc_tree.write("loadavg", loadavg);
    auto scanner = scanner_of(machine);
    scanner.scan(testing::kMemory, 4);
    ProcessCountCollector counts(machine.proc, machine.faults, scanner);
    return collect(counts);
}

TEST(HiddenProcesses, LeaveTheCountsOfTheHostUnknown) {
    Machine machine;
    const auto all = counts_with(machine, "0.52 1.25 2.50 3/75 4242\n");
    EXPECT_EQ(all.value("system_threads_count"), 75);
    const auto hidden = counts_with(machine, "0.52 1.25 2.50 3/4000 4242\n");
    EXPECT_EQ(hidden.layout.size(), all.layout.size());
    for (const double value : hidden.values) EXPECT_TRUE(std::isnan(value));
    // Not known how many there are: what is seen counts.
    EXPECT_EQ(counts_with(machine, "0.52 1.25\n").value("system_threads_count"), 75);
}

TEST(HiddenProcesses, AContainerCountsItsOwn) {
    Machine machine;
    machine.proc_tree.write("self/mountinfo", kProc + lxcfs("/proc/loadavg"));
    EXPECT_EQ(counts_with(machine, "0.1 0.1 0.1 3/4000 4242\n").value("system_threads_count"), 75);
}

}  // namespace
}  // namespace chorus::agent
