#include "agent/collect/cpu_collector.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::collect;
using testing::Machine;
using testing::TemporaryTree;
using namespace std::chrono_literals;

constexpr const char* kShares[] = {
    "cpu_usage_percent",  "cpu_user_percent",   "cpu_nice_percent",
    "cpu_system_percent", "cpu_irq_percent",    "cpu_softirq_percent",
    "cpu_steal_percent",  "cpu_iowait_percent", "cpu_idle_percent"};

CpuCollector collector_of(Machine& machine) {
    return {machine.proc, machine.sys, machine.faults, Machine::kInterval, 100};
}

TEST(CpuCollector, FirstSampleGivesNoShareButCountAndFrequency) {
    Machine machine;
    auto cpu = collector_of(machine);
    const auto first = collect(cpu);
    for (const char* name : kShares) EXPECT_TRUE(first.is_null(name)) << name;
    EXPECT_TRUE(first.is_null("cpu_core_usage_percent", "cpu3"));
    EXPECT_EQ(first.value("cpu_count"), 4);
    EXPECT_EQ(first.value("cpu_frequency_mhz"), 2500);  // mean of two policies, 3000 and 2000
}

// Of 4,000 ticks: user 1,200 with 200 of a guest, nice 100 with 20 of a guest, system 400,
// idle 2,000, iowait 200, irq 20, softirq 40, steal 40.
TEST(CpuCollector, SharesAreThoseOfTheInterval) {
    Machine machine;
    auto cpu = collector_of(machine);
    collect(cpu);
    machine.become("server/proc-later");
    const auto later = collect(cpu);
    EXPECT_DOUBLE_EQ(later.value("cpu_usage_percent"), 45);
    EXPECT_DOUBLE_EQ(later.value("cpu_user_percent"), 25);
    EXPECT_DOUBLE_EQ(later.value("cpu_nice_percent"), 2);
    EXPECT_DOUBLE_EQ(later.value("cpu_system_percent"), 10);
    EXPECT_DOUBLE_EQ(later.value("cpu_iowait_percent"), 5);
    EXPECT_DOUBLE_EQ(later.value("cpu_irq_percent"), 0.5);
    EXPECT_DOUBLE_EQ(later.value("cpu_softirq_percent"), 1);
    EXPECT_DOUBLE_EQ(later.value("cpu_steal_percent"), 1);
    EXPECT_DOUBLE_EQ(later.value("cpu_idle_percent"), 50);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_usage_percent", "cpu0"), 90);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_usage_percent", "cpu1"), 60);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_usage_percent", "cpu2"), 30);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_usage_percent", "cpu3"), 0);
}

TEST(CpuCollector, LayoutStaysTheSameWhileTheFileCannotBeRead) {
    Machine machine;
    auto cpu = collector_of(machine);
    collect(cpu);
    machine.become("server/proc-later");
    const auto before = collect(cpu);
    machine.proc_tree.remove("stat");
    machine.clock.advance(10s);
    const auto without = collect(cpu);
    EXPECT_EQ(without.names(), before.names());
    for (const char* name : kShares) EXPECT_TRUE(without.is_null(name)) << name;
    EXPECT_TRUE(without.is_null("cpu_core_usage_percent", "cpu0"));
    EXPECT_EQ(machine.faults.by_errno().at(ENOENT), 1U);
}

// Below 5 % of two CPUs in ten seconds, 2,000 ticks, whole ticks fall to whom they fall by chance.
TEST(CpuCollector, BusyTicksOfAHostThatHardlyWorksAreUnknown) {
    Machine machine;
    auto cpu = collector_of(machine);
    const auto busy_after = [&](int user) -> std::optional<std::uint64_t> {
        const auto times = std::to_string(user) + " 0 0 5000 0 0 0 0 0 0\n";
        machine.proc_tree.write("stat", "cpu  " + times + "cpu0 " + times + "cpu1 " + times);
        machine.clock.advance(10s);
        collect(cpu);
        return cpu.busy_ticks();
    };
    EXPECT_FALSE(busy_after(1000));
    EXPECT_FALSE(busy_after(1099));
    EXPECT_EQ(busy_after(1199), 100U);
}

TEST(CpuCollector, CounterGoingBackGivesNoValue) {
    Machine machine("server/proc-later");
    auto cpu = collector_of(machine);
    collect(cpu);
    machine.become("server/proc");
    const auto back = collect(cpu);
    EXPECT_TRUE(back.is_null("cpu_usage_percent"));
    EXPECT_TRUE(back.is_null("cpu_core_usage_percent", "cpu0"));
}

TEST(CpuCollector, GapOfMoreThanThreeIntervalsGivesNoValue) {
    Machine machine;
    auto cpu = collector_of(machine);
    collect(cpu);
    machine.become("server/proc-later", 31s);
    EXPECT_TRUE(collect(cpu).is_null("cpu_usage_percent"));
}

TEST(CpuCollector, MachineWithoutFrequencyHasNoSuchSeries) {
    Machine machine;
    machine.proc_tree.write("cpuinfo", "processor : 0\nBogoMIPS : 50.00\n");
    const TemporaryTree empty;
    Reader sys(empty.path(), machine.clock);
    CpuCollector cpu(machine.proc, sys, machine.faults, Machine::kInterval, 100);
    const auto samples = collect(cpu);
    EXPECT_FALSE(samples.has("cpu_frequency_mhz"));
    EXPECT_EQ(samples.value("cpu_count"), 4);  // counted in /proc/stat
}

TEST(CpuCollector, FrequencyComesFromCpuinfoWhereThereIsNoCpufreq) {
    Machine machine;
    const TemporaryTree empty;
    Reader sys(empty.path(), machine.clock);
    CpuCollector cpu(machine.proc, sys, machine.faults, Machine::kInterval, 100);
    EXPECT_DOUBLE_EQ(collect(cpu).value("cpu_frequency_mhz"), 2400.25);
}

TEST(CpuCollector, TellsOfTheBusiestCoreAndOfGuests) {
    Machine machine;
    CpuCollector cpu(machine.proc, machine.sys, machine.faults, Machine::kInterval, 100);
    collect(cpu);
    machine.become("server/proc-later");
    const auto later = collect(cpu);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_max_percent"), 90);
    EXPECT_DOUBLE_EQ(later.value("cpu_guest_percent"), 5.5);
    EXPECT_DOUBLE_EQ(later.value("cpu_user_percent") + later.value("cpu_nice_percent") +
                         later.value("cpu_guest_percent") + later.value("cpu_system_percent") +
                         later.value("cpu_irq_percent") + later.value("cpu_softirq_percent") +
                         later.value("cpu_steal_percent") + later.value("cpu_iowait_percent") +
                         later.value("cpu_idle_percent"),
                     100);
}

TEST(CpuCollector, HostWithoutGuestsHasNoShareOfThem) {
    Machine machine;
    machine.proc_tree.write("stat", "cpu 1 2 3 4\ncpu0 1 2 3 4\n");
    CpuCollector cpu(machine.proc, machine.sys, machine.faults, Machine::kInterval, 100);
    EXPECT_FALSE(collect(cpu).has("cpu_guest_percent"));
}

TEST(CpuCollector, TellsWhatTheSchedulerCounts) {
    Machine machine;
    CpuCollector cpu(machine.proc, machine.sys, machine.faults, Machine::kInterval, 100);
    collect(cpu);
    machine.become("server/proc-later");
    const auto later = collect(cpu);
    EXPECT_DOUBLE_EQ(later.value("cpu_context_switches_per_sec"), 5'000);
    EXPECT_DOUBLE_EQ(later.value("cpu_interrupts_per_sec"), 1'200);
    EXPECT_DOUBLE_EQ(later.value("cpu_softirqs_per_sec"), 800);
    EXPECT_DOUBLE_EQ(later.value("system_forks_per_sec"), 5.4);
    EXPECT_EQ(later.value("system_procs_running_count"), 2);
    EXPECT_EQ(later.value("system_procs_blocked_count"), 1);
    EXPECT_EQ(later.value("system_boot_time_seconds"), 1'767'225'600);
}

constexpr CpuLimits kLimits{.back = 300, .ahead = 1'000};

TEST(CpuShares, FallingIowaitIsUnknownAndTheOthersAreNot) {
    const CpuTimes before{.user = 100, .idle = 1'000, .iowait = 500};
    const CpuTimes now{.user = 150, .idle = 1'150, .iowait = 90};
    const auto shares = cpu_shares(before, now, kLimits);
    ASSERT_TRUE(shares);
    EXPECT_TRUE(std::isnan(shares->iowait));
    EXPECT_DOUBLE_EQ(shares->usage, 25);
    EXPECT_DOUBLE_EQ(shares->idle, 75);
    EXPECT_DOUBLE_EQ(shares->steal, 0);
}

// Two counters of one moment are rounded to ticks apart from each other.
TEST(CpuShares, StepBackByATickIsNone) {
    const auto shares =
        cpu_shares({.idle = 1'000, .iowait = 500, .guest = 7},
                   {.user = 100, .idle = 1'100, .iowait = 499, .guest = 108}, kLimits);
    ASSERT_TRUE(shares);
    EXPECT_DOUBLE_EQ(shares->iowait, 0);
    EXPECT_DOUBLE_EQ(shares->user, 0);
    EXPECT_DOUBLE_EQ(shares->usage, 50);
}

TEST(CpuShares, NoTimeGivesNoShare) {
    const CpuTimes same{.user = 100, .idle = 1'000};
    EXPECT_FALSE(cpu_shares(same, same, kLimits));
}

TEST(CpuShares, IdleBackByThreeSecondsIsAHotplug) {
    const CpuTimes before{.user = 100, .idle = 1'000};
    EXPECT_FALSE(cpu_shares(before, CpuTimes{.user = 200, .idle = 700}, kLimits));
    const auto less = cpu_shares(before, CpuTimes{.user = 200, .idle = 701}, kLimits);
    ASSERT_TRUE(less);
    EXPECT_TRUE(std::isnan(less->idle));
    EXPECT_TRUE(std::isnan(less->usage));
    EXPECT_DOUBLE_EQ(less->user, 100);
}

TEST(CpuShares, GuestsThatRanLongerThanTheirProgramsAreUnknown) {
    const auto shares = cpu_shares({.user = 100, .nice = 10, .idle = 1'000},
                                   {.user = 200, .nice = 20, .idle = 1'090, .guest = 150}, kLimits);
    ASSERT_TRUE(shares);
    EXPECT_TRUE(std::isnan(shares->user));
    EXPECT_TRUE(std::isnan(shares->guest));
    EXPECT_DOUBLE_EQ(shares->nice, 5);
    EXPECT_DOUBLE_EQ(shares->usage, 55);
}

TEST(CpuShares, MoreTimeThanTheCpusHadGivesNoShare) {
    const CpuTimes before{.user = 100, .idle = 1'000};
    EXPECT_TRUE(cpu_shares(before, {.user = 600, .idle = 1'500}, kLimits));
    EXPECT_FALSE(cpu_shares(before, {.user = 601, .idle = 1'500}, kLimits));
}

// A Xen guest that moved to another machine: "steal" goes on from another beginning.
TEST(CpuCollector, StealThatJumpsAheadGivesNoValue) {
    Machine machine;
    const auto write = [&](const char* cpu0, const char* cpu1) {
        machine.proc_tree.write(
            "stat", std::string("cpu ") + cpu0 + "\ncpu0 " + cpu0 + "\ncpu1 " + cpu1 + "\n");
    };
    auto cpu = collector_of(machine);
    write("1000 0 100 100000 0 0 0 50 0 0", "100 0 0 100 0 0 0 0 0 0");
    collect(cpu);
    write("1500 0 100 100500 0 0 0 18446744073650 0 0", "600 0 0 600 0 0 0 0 0 0");
    machine.clock.advance(10s);
    const auto later = collect(cpu);
    for (const char* name : kShares) EXPECT_TRUE(later.is_null(name)) << name;
    EXPECT_TRUE(later.is_null("cpu_core_usage_percent", "cpu0"));
    EXPECT_DOUBLE_EQ(later.value("cpu_core_usage_percent", "cpu1"), 50);
    EXPECT_DOUBLE_EQ(later.value("cpu_core_max_percent"), 50);
    EXPECT_FALSE(cpu.busy_ticks());
}

}  // namespace
}  // namespace chorus::agent
