#include "agent/process/process_scanner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <sstream>

#include "agent/process/process_name.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::Machine;
using namespace std::chrono_literals;

constexpr std::uint64_t kMemory = 16'384'000ULL * 1'024;

ProcessScanner scanner_of(Machine& machine) {
    return {machine.proc, machine.faults, UserNames([](uid_t) { return "somebody"; }),
            Machine::kInterval, ScanConstants{.ticks_per_second = 100, .page_bytes = 4'096}};
}

std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const ProcessSample* find(const ProcessTable& table, std::int32_t pid) {
    for (const auto& row : table.rows) {
        if (row.pid == pid) return &row;
    }
    return nullptr;
}

ProcessSample get(const ProcessTable& table, std::int32_t pid) {
    const auto* row = find(table, pid);
    if (row == nullptr) throw std::out_of_range("no process " + std::to_string(pid));
    return *row;
}

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

TEST(ProcessScanner, UnitTooLongToSendIsLeftOut) {
    Machine machine;
    machine.proc_tree.write("812/cgroup",
                            "0::/" + std::string(limits::kLabelBytes, 'x') + ".service\n");
    auto scanner = scanner_of(machine);
    EXPECT_EQ(get(scanner.scan(kMemory, 4), 812).unit, "");
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

TEST(ProcessName, ControlCharactersAndBadBytesAreMadeHarmless) {
    EXPECT_EQ(process_name("a\nb\x1b[31m", ""), "a?b?[31m");
    EXPECT_EQ(process_name("\xff", ""), "\xef\xbf\xbd");
    EXPECT_EQ(process_name("", ""), "?");
}

TEST(ProcessName, OnlyAFullNameIsExtended) {
    const std::string argv("/usr/bin/python3.11-config\0-x", 29);
    EXPECT_EQ(process_name("python3", argv), "python3");
    EXPECT_EQ(process_name("python3.11-conf", argv), "python3.11-config");
    EXPECT_EQ(process_name("python3.11-conf", ""), "python3.11-conf");
}

TEST(UserNames, AskOnceForEachUser) {
    int asked = 0;
    UserNames users([&](uid_t uid) {
        ++asked;
        return "u" + std::to_string(uid);
    });
    EXPECT_EQ(users.name(7), "u7");
    EXPECT_EQ(users.name(7), "u7");
    EXPECT_EQ(users.name(8), "u8");
    EXPECT_EQ(asked, 2);
}

TEST(UserNames, UnknownUserIsHisNumber) {
    EXPECT_EQ(system_user_name(0), "root");
    EXPECT_EQ(system_user_name(3'999'999'999U), "3999999999");
}

}  // namespace
}  // namespace chorus::agent
