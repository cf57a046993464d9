#include "agent/process/thread_accounting.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "tests/unit/process/scanned.h"

namespace chorus::agent {
namespace {

using namespace testing;
using namespace std::chrono_literals;

TEST(TaskScheduling, WaitIsTheSecondNumber) {
    EXPECT_EQ(parse_cpu_wait("123456 7890 12\n"), 7'890U);
    EXPECT_EQ(parse_cpu_wait("0 0 0\n"), std::nullopt) << "a kernel that does not count";
    EXPECT_EQ(parse_cpu_wait("500 0 3\n"), 0U);
    EXPECT_EQ(parse_cpu_wait("123456\n"), std::nullopt);
    EXPECT_EQ(parse_cpu_wait(""), std::nullopt);
}

TEST(TaskScheduling, SwitchesAreFoundByName) {
    const auto found = parse_context_switches(
        "Name:\tx\nvoluntary_ctxt_switches:\t15\nnonvoluntary_ctxt_switches:\t4\n");
    EXPECT_EQ(found.voluntary, 15U);
    EXPECT_EQ(found.involuntary, 4U);
    EXPECT_EQ(parse_context_switches("Name:\tx\n").voluntary, std::nullopt);
}

class ThreadAccountingTest : public ::testing::Test {
  protected:
    void thread(int tid, const std::string& schedstat, int voluntary, int involuntary) {
        const std::string task = "812/task/" + std::to_string(tid) + '/';
        machine.proc_tree.write(task + "schedstat", schedstat);
        machine.proc_tree.write(task + "status", "Name:\todd\nvoluntary_ctxt_switches:\t" +
                                                     std::to_string(voluntary) +
                                                     "\nnonvoluntary_ctxt_switches:\t" +
                                                     std::to_string(involuntary) + "\n");
    }
    ProcessSample look(std::chrono::nanoseconds after = Machine::kInterval) {
        return look(accounting, after);
    }
    ProcessSample look(ThreadAccounting& by, std::chrono::nanoseconds after = Machine::kInterval) {
        machine.clock.advance(after);
        ProcessSample row;
        row.pid = 812;
        row.start_ticks = start_ticks;
        row.name = "odd";
        std::vector<ProcessSample> rows{row};
        by.fill(rows);
        return rows.front();
    }

    Machine machine;
    std::int64_t start_ticks = 4'000;
    ThreadAccounting accounting{machine.proc, machine.faults, {"od*"}, 3 * Machine::kInterval};
};

TEST_F(ThreadAccountingTest, AreSumsOverAllThreads) {
    thread(812, "1 1000000000 1\n", 100, 10);
    thread(813, "1 0 1\n", 0, 0);
    EXPECT_EQ(look().cpu_wait_percent, std::nullopt) << "one look is no difference";
    thread(812, "1 1500000000 2\n", 120, 10);
    thread(813, "1 14500000000 2\n", 0, 5);
    const auto row = look();
    EXPECT_DOUBLE_EQ(row.cpu_wait_percent.value(), 150);  // 15 s in 10 s
    EXPECT_DOUBLE_EQ(row.voluntary_switches_per_sec.value(), 2);
    EXPECT_DOUBLE_EQ(row.involuntary_switches_per_sec.value(), 0.5);
}

TEST_F(ThreadAccountingTest, ThreadsThatComeAndGoGiveNoSpikes) {
    thread(812, "1 0 1\n", 100, 0);
    thread(813, "1 9000000000 1\n", 5'000, 0);
    look();
    machine.proc_tree.remove("812/task/813");
    thread(814, "1 1000000000 1\n", 30, 0);
    const auto row = look();
    EXPECT_DOUBLE_EQ(row.voluntary_switches_per_sec.value(), 3);
    EXPECT_DOUBLE_EQ(row.cpu_wait_percent.value(), 10);
    thread(814, "1 500000000 1\n", 20, 0);  // another thread was given the number
    EXPECT_DOUBLE_EQ(look().voluntary_switches_per_sec.value(), 2);
}

TEST_F(ThreadAccountingTest, WhatTheKernelDoesNotCountIsUnknown) {
    thread(812, "0 0 0\n", 1, 1);
    look();
    thread(812, "0 0 0\n", 11, 1);
    const auto row = look();
    EXPECT_EQ(row.cpu_wait_percent, std::nullopt);
    EXPECT_DOUBLE_EQ(row.voluntary_switches_per_sec.value(), 1);
}

TEST_F(ThreadAccountingTest, AnotherProcessOrALongGapGivesNothing) {
    thread(812, "1 0 1\n", 1, 1);
    look();
    EXPECT_EQ(look(31s).voluntary_switches_per_sec, std::nullopt);
    start_ticks = 5'000;  // the PID was given again
    EXPECT_EQ(look().voluntary_switches_per_sec, std::nullopt);
    EXPECT_DOUBLE_EQ(look().voluntary_switches_per_sec.value(), 0);
}

TEST_F(ThreadAccountingTest, OthersAreNotLookedAt) {
    thread(812, "1 0 1\n", 1, 1);
    ThreadAccounting others{machine.proc, machine.faults, {"nginx"}, 3 * Machine::kInterval};
    look(others);
    EXPECT_EQ(look(others).voluntary_switches_per_sec, std::nullopt);
}

TEST_F(ThreadAccountingTest, MoreThreadsThanMayBeReadAreUnknown) {
    for (std::size_t i = 0; i <= ThreadAccounting::kMostThreads; ++i) {
        thread(812 + static_cast<int>(i), "1 0 1\n", 1, 1);
    }
    look();
    EXPECT_EQ(look().voluntary_switches_per_sec, std::nullopt);
}

TEST(ThreadAccountingOfThisProcess, CountTheSwitchesOfAllItsThreads) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    ReadFaults faults;
    ProcessScanner scanner(proc, faults, UserNames{}, std::chrono::minutes{1}, {},
                           {.always = {"unit_process"}});
    scanner.scan(kMemory, 4);
    std::thread sleeper([] {
        for (int i = 0; i < 50; ++i) std::this_thread::sleep_for(1ms);
        // Lives until it was looked at.
        std::this_thread::sleep_for(1s);
    });
    std::this_thread::sleep_for(300ms);
    const auto row = get(scanner.scan(kMemory, 4), ::getpid());
    sleeper.join();
    ASSERT_TRUE(row.voluntary_switches_per_sec);
    EXPECT_GT(*row.voluntary_switches_per_sec, 50);
}

}  // namespace
}  // namespace chorus::agent
