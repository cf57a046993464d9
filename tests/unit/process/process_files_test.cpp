// What is read of a process besides its stat: arguments, cgroup, user, open files, disk traffic.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "tests/unit/process/scanned.h"

namespace chorus::agent {
namespace {

using namespace testing;
using namespace std::chrono_literals;

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(ProcessScanner, UnitAndContainerComeFromTheCgroup) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 1).unit, "init.scope");
    EXPECT_EQ(get(table, 2).unit, "");
    EXPECT_EQ(get(table, 812).unit, "odd.service");
    EXPECT_EQ(get(table, 812).container_id, "");
    EXPECT_EQ(get(table, 1203).container_id,
              "3f4b1c9d2e5a60783f4b1c9d2e5a60783f4b1c9d2e5a60783f4b1c9d2e5a6078");
    EXPECT_EQ(get(table, 1501).unit, "ssh.service");
}

TEST(ProcessScanner, AChangeOfTheUserIsSeenInTime) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs: root, to give files away";
    Machine machine;
    ProcessScanner scanner{machine.proc, machine.faults,
                           UserNames([](uid_t uid) { return "user-" + std::to_string(uid); }),
                           Machine::kInterval};
    const auto after_scans = [&](uid_t uid, int scans) {
        EXPECT_EQ(::chown((machine.proc_tree.path() + "/812").c_str(), uid, uid), 0);
        ProcessTable table;
        for (int i = 0; i < scans; ++i) {
            machine.clock.advance(10s);
            table = scanner.scan(kMemory, 4);
        }
        return get(table, 812).user;
    };
    EXPECT_EQ(after_scans(7, 1), "user-7");
    EXPECT_EQ(after_scans(8, 1), "user-8") << "a daemon drops its rights soon after its start";
    EXPECT_EQ(after_scans(9, 17), "user-9");
}

TEST(ProcessScanner, LimitOfOpenFilesIsTheSoftOne) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 812).fd_limit, 1'024);
    EXPECT_EQ(get(table, 1203).fd_limit, 65'536);
    EXPECT_EQ(get(table, 1).fd_limit, 1'073'741'816);
    EXPECT_EQ(get(table, 2).fd_limit, std::nullopt);
}

TEST(ProcessScanner, CgroupIsReadOnceForEachProcess) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.proc_tree.write("812/cgroup", "0::/system.slice/changed.service\n");
    machine.clock.advance(10s);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 812).unit, "odd.service");
    machine.become("server/proc-later");
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 4300).unit, "backup.service");
}

TEST(ProcessScanner, UnitTooLongToSendIsCut) {
    Machine machine;
    machine.proc_tree.write("812/cgroup",
                            "0::/" + std::string(limits::kLabelBytes, 'x') + ".service\n");
    auto scanner = scanner_of(machine);
    const auto unit = get(scanner.scan(kMemory, 4), 812).unit;
    EXPECT_LE(unit.size(), limits::kLabelBytes);
    EXPECT_TRUE(unit.starts_with("xxx") && unit.ends_with("x.service")) << unit;
}

TEST(ProcessScanner, ZombieHasNoIo) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto zombie = get(scanner.scan(kMemory, 4), 900);
    EXPECT_EQ(zombie.state, ProcessState::zombie);
    EXPECT_FALSE(zombie.disk_read_bytes);
    EXPECT_FALSE(zombie.disk_write_bytes);
    EXPECT_EQ(zombie.memory_rss_bytes, 0);
}

TEST(ProcessScanner, CommandLineIsThatOfItsArguments) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 1203).cmdline, "/usr/bin/java -Dpassword=***");
    EXPECT_EQ(get(table, 700).cmdline, "tmux new");
    EXPECT_EQ(get(table, 2).cmdline, "");  // a thread of the kernel has none
}

TEST(ProcessScanner, CommandLineIsReadOnceAndAtAnExec) {
    Machine machine;
    auto scanner = scanner_of(machine);
    scanner.scan(kMemory, 4);
    machine.proc_tree.write("700/cmdline", std::string("changed\0", 8));
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 700).cmdline, "tmux new");
    std::string stat = content(machine.proc_tree.path() + "/700/stat");
    stat.replace(stat.find("tmux: server"), 12, "vim");
    machine.proc_tree.write("700/stat", stat);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 700).cmdline, "changed");
}

TEST(ProcessScanner, WithoutCommandLinesNamesAreWholeAllTheSame) {
    Machine machine;
    ProcessScanner scanner(machine.proc, machine.faults, UserNames([](uid_t) { return ""; }),
                           Machine::kInterval, {}, {.cmdline = CmdlineMode::none});
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 1500).name, "chromium-sandbox-helper");
    for (const auto& row : table.rows) EXPECT_EQ(row.cmdline, "");
}

TEST(ProcessScanner, OpenFilesAreCounted) {
    Machine machine;
    auto scanner = scanner_of(machine);
    const auto table = scanner.scan(kMemory, 4);
    EXPECT_EQ(get(table, 1203).fd_count, 5);
    EXPECT_FALSE(get(table, 700).fd_count);  // not readable: unknown, not 0
}

TEST(ProcessScanner, OpenFilesOfThisProcessAreCountedRight) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    ReadFaults faults;
    ProcessScanner scanner(proc, faults, UserNames{}, Machine::kInterval);
    const auto before = get(scanner.scan(kMemory, 4), ::getpid()).fd_count;
    std::vector<FileDescriptor> more;
    for (int i = 0; i < 10; ++i) more.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto after = get(scanner.scan(kMemory, 4), ::getpid()).fd_count;
    ASSERT_TRUE(before && after);
    EXPECT_EQ(*after, *before + 10);
}

}  // namespace
}  // namespace chorus::agent
