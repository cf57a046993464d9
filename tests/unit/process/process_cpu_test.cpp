// CPU time and other figures that are differences of two scans.
#include <gtest/gtest.h>

#include "tests/unit/process/scanned.h"

namespace chorus::agent {
namespace {

using namespace testing;
using namespace std::chrono_literals;

TEST(ProcessScanner, FirstSightOfAnOldProcessGivesNoCpuShare) {
    Machine machine;
    auto scanner = scanner_of(machine);
    for (const auto& row : scanner.scan(kMemory, 4).rows) {
        EXPECT_FALSE(row.cpu_percent) << row.name;
    }
}

TEST(ProcessScanner, CpuShareIsOfOneCoreOverTheInterval) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.become("server/proc-later");
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_DOUBLE_EQ(get(table, 812).cpu_percent.value(), 100);   // 800 + 200 ticks in 10 s
    EXPECT_DOUBLE_EQ(get(table, 1203).cpu_percent.value(), 300);  // 2,500 + 500 ticks
    EXPECT_DOUBLE_EQ(get(table, 17).cpu_percent.value(), 0.1);
    EXPECT_DOUBLE_EQ(get(table, 1).cpu_percent.value(), 0);
    EXPECT_EQ(get(table, 812).memory_rss_bytes, 51'200LL * 4'096);
    EXPECT_EQ(find(table, 900), nullptr);
}

// Started at tick 500,600, four seconds before the second scan at 5,010 s; 100 ticks used.
TEST(ProcessScanner, NewProcessHasItsMeanSinceItsStart) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.become("server/proc-later");
    EXPECT_DOUBLE_EQ(get(scanner.scan(kMemory, 4), 4300).cpu_percent.value(), 25);
}

// 1501 ended and another process was given its number at tick 500,900; it used 5 ticks in 1 s.
TEST(ProcessScanner, ReusedPidInheritsNothing) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.become("server/proc-later");
    const auto row = get(scanner.scan(kMemory, 4), 1501);
    EXPECT_EQ(row.start_ticks, 500'900);
    EXPECT_DOUBLE_EQ(row.cpu_percent.value(), 5);
}

TEST(ProcessScanner, GapOfMoreThanThreeIntervalsGivesNoShare) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.become("server/proc-later", 31s);
    EXPECT_FALSE(get(scanner.scan(kMemory, 4), 812).cpu_percent);
}

TEST(ProcessScanner, CounterGoingBackGivesNoShare) {
    Machine machine("server/proc-later");
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.become("server/proc");
    EXPECT_FALSE(get(scanner.scan(kMemory, 4), 1203).cpu_percent);
}

TEST(ProcessScanner, ShareIsAtMostAllCores) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 2);
    machine.become("server/proc-later");
    EXPECT_DOUBLE_EQ(get(scanner.scan(kMemory, 2), 1203).cpu_percent.value(), 200);
}

// 3,000 ticks in 10 s are three cores; no process gets as much of one.
TEST(ProcessScanner, MoreTimeThanTheCoresHadIsUnknown) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 1);
    machine.become("server/proc-later");
    const auto table = scanner.scan(kMemory, 1);
    EXPECT_FALSE(get(table, 1203).cpu_percent);
    EXPECT_DOUBLE_EQ(get(table, 812).cpu_percent.value(), 100);
}

// 812 inherited 40 ticks of process 900, of which 2 had been told of.
TEST(ProcessScanner, EndedChildrenAndMajorFaultsAreRates) {
    Machine machine;
    auto scanner = scanner_of(machine);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 812).children_cpu_percent, std::nullopt);
    machine.become("server/proc-later");
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_DOUBLE_EQ(get(table, 812).children_cpu_percent.value(), 3.8);
    EXPECT_DOUBLE_EQ(get(table, 812).major_faults_per_sec.value(), 2);
    EXPECT_DOUBLE_EQ(get(table, 1203).children_cpu_percent.value(), 0);
    EXPECT_DOUBLE_EQ(get(table, 1203).major_faults_per_sec.value(), 0);
    // Started 4 s ago with 5 major faults.
    EXPECT_DOUBLE_EQ(get(table, 4300).major_faults_per_sec.value(), 1.25);
    machine.become("server/proc", Machine::kInterval);  // counters that go back
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 812).major_faults_per_sec, std::nullopt);
}

// Field 42 of 812 grows by 50 ticks in 10 s.
TEST(ProcessScanner, WaitingForDisksIsKnownWhereTheKernelCountsIt) {
    Machine machine;
    const auto wait = [&](int ticks) {
        machine.proc_tree.write("812/stat",
                                "812 (odd) R 1 812 812 0 -1 4194560 0 0 5 0 0 0 0 0 25 5 3 0 4000"
                                " 0 100 0 0 0 0 0 0 0 0 0 0 0 0 0 17 6 0 0 " +
                                    std::to_string(ticks) + " 0 0\n");
        machine.clock.advance(Machine::kInterval);
    };
    auto scanner = scanner_of(machine);
    const auto share = [&] { return get(scanner.scan(kMemory, 4), 812).io_wait_percent; };
    wait(10);
    EXPECT_EQ(share(), std::nullopt);
    wait(60);
    EXPECT_EQ(share(), std::nullopt) << "without delay accounting";
    machine.proc_tree.write("sys/kernel/task_delayacct", "1\n");
    wait(110);
    EXPECT_DOUBLE_EQ(share().value(), 5);
    // Ticks of a process older than the accounting stay at 0, whatever it waits.
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 1203).io_wait_percent, std::nullopt);
    machine.proc_tree.write("sys/kernel/task_delayacct", "0\n");
    wait(160);
    EXPECT_EQ(share(), std::nullopt);
    const auto row = get(scanner.scan(kMemory, 4), 812);
    EXPECT_EQ(row.nice, 5);
    EXPECT_EQ(row.processor, 6);
}

}  // namespace
}  // namespace chorus::agent
