#include "agent/process/process_scanner.h"

#include <gtest/gtest.h>

#include "tests/unit/process/scanned.h"

namespace chorus::agent {
namespace {

using namespace testing;
using namespace std::chrono_literals;

TEST(ProcessScanner, ReadsWhatTheKernelSaysOfEachProcess) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(table.scanned, 9);
    ASSERT_EQ(table.rows.size(), 9U);
    EXPECT_FALSE(table.other);
    const auto java = get(table, 1203);
    EXPECT_EQ(java.name, "java");
    EXPECT_EQ(java.ppid, 1);
    EXPECT_EQ(java.start_ticks, 6'000);
    EXPECT_EQ(java.state, ProcessState::sleeping);
    EXPECT_EQ(java.num_threads, 64);
    EXPECT_EQ(java.user, "somebody");
    EXPECT_EQ(java.memory_rss_bytes, 256'000LL * 4'096);
    EXPECT_DOUBLE_EQ(java.memory_percent.value(), 6.25);
    EXPECT_EQ(java.disk_read_bytes, 5'368'709'120);
    EXPECT_EQ(java.disk_write_bytes, 10'737'418'240);
}

TEST(ProcessScanner, NamesWithBlanksAndParenthesesStayWhole) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 700).name, "tmux: server");
    EXPECT_EQ(get(table, 812).name, "odd) S 1 (x");
    EXPECT_EQ(get(table, 812).state, ProcessState::running);
    EXPECT_EQ(get(table, 17).name, "kworker/u8:2-events_unbound");
    EXPECT_EQ(get(table, 17).state, ProcessState::idle);
    EXPECT_EQ(get(table, 1500).state, ProcessState::disk_sleep);
    EXPECT_EQ(get(table, 1501).state, ProcessState::stopped);
}

TEST(ProcessScanner, CutNamesAreExtendedFromTheProgram) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 1500).name, "chromium-sandbox-helper");
    EXPECT_EQ(get(table, 1501).name, "fifteen-bytes-x");  // argv[0] is something else
}

// 900 ended, 4300 is new, and another process has the PID 1501.
TEST(ProcessScanner, TellsWhatBeganAndEnded) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    EXPECT_TRUE(scanner.take_changes().started.empty()) << "all of the first scan are old";
    EXPECT_EQ(scanner.last_seen(812, "odd) S 1 (x")->unit, "odd.service");
    EXPECT_FALSE(scanner.last_seen(812, "other"));
    machine.become("server/proc-later");
    scanner.scan(kMemory, 4);
    const auto changes = scanner.take_changes();
    const auto named = [](const std::vector<ProcessLife>& lives) {
        std::string text;
        for (const auto& life : lives) {
            text += std::to_string(life.pid) + '@' + std::to_string(life.start_ticks) + ' ';
        }
        return text;
    };
    EXPECT_EQ(named(changes.started), "4300@500600 1501@500900 ");
    EXPECT_EQ(named(changes.ended), "900@4500 1501@7000 ");
    EXPECT_EQ(changes.started[0].name, "backup");
    EXPECT_EQ(changes.ended[1].name, "fifteen-bytes-x");
    EXPECT_EQ(changes.ended[1].cpu_ticks, 15U);
}

TEST(ProcessScanner, LosingSightOfProcIsNoEndOfAll) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    for (const auto& name : machine.proc.list(".")) machine.proc_tree.remove(name);
    machine.clock.advance(10s);
    scanner.scan(kMemory, 4);
    EXPECT_TRUE(scanner.take_changes().ended.empty());
}

TEST(ProcessScanner, DamagedAndForeignEntriesAreLeftOut) {
    Machine machine;
    machine.proc_tree.write("5000/stat", "5000 (cut) S 1");
    machine.proc_tree.write("5001/io", "read_bytes: 1\n");  // ended between two reads
    machine.proc_tree.write("self/stat", "1 (x) S 1");
    machine.proc_tree.write("12x/stat", "12 (x) S 1");
    machine.proc_tree.write("99999999999/stat", "1 (x) S 1");
    auto scanner = scanner_of(machine);
    EXPECT_EQ(scanner.scan(kMemory, 4).scanned, 9);
    EXPECT_EQ(machine.faults.by_errno().at(EINVAL), 1U);
    EXPECT_FALSE(machine.faults.by_errno().contains(ENOENT));  // ending is no fault
}

TEST(ProcessScanner, NameFollowsAnExec) {
    Machine machine;
    auto scanner = scanner_of(machine);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 1).name, "systemd");
    machine.proc_tree.write(
        "1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 100 200 0 0 20 0 1 0 5 0 3000 0 0 0 0 0 0 0\n");
    machine.clock.advance(10s);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 1).name, "init");
}

TEST(ProcessScanner, UnknownMemoryGivesNoShareOfIt) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto java = get(scanner.scan(std::nullopt, std::nullopt), 1203);
    EXPECT_FALSE(java.memory_percent);
    EXPECT_TRUE(java.memory_rss_bytes);
}

TEST(ProcessScanner, LimitKeepsThoseThatUseMostAndThoseAskedFor) {
    Machine machine;
    ProcessScanner scanner(machine.proc, machine.faults, UserNames([](uid_t) { return ""; }),
                           Machine::kInterval, {}, {.most = 3, .always = {"tmux*", "none"}});
    scanner.scan(kMemory, 4);
    machine.become("server/proc-later");
    const auto table = scanner.scan(kMemory, 4);
    ASSERT_EQ(table.rows.size(), 3U);
    get(table, 700);   // asked for
    get(table, 4300);  // moves most data
    get(table, 1203);  // the busiest and the largest
    EXPECT_EQ(table.scanned, 9);
    EXPECT_EQ(table.other->count, 6);
    EXPECT_EQ(scanner.counts()->processes, 9);
}

}  // namespace
}  // namespace chorus::agent
