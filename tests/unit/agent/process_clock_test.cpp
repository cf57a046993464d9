// Processes that did not run are not read again.
#include "agent/process/process_clock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/unit/agent/scanned.h"

namespace chorus::agent {
namespace {

using namespace testing;

// A process that sleeps until it is told to open a file, and then sleeps again.
class Sleeper {
  public:
    Sleeper() {
        EXPECT_EQ(::pipe2(to_, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(from_, O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ != 0) return;
        char byte = 'r';
        for (;;) {
            if (::write(from_[1], &byte, 1) != 1 || ::read(to_[0], &byte, 1) != 1) ::_exit(0);
            if (::open("/dev/null", O_RDONLY) < 0) ::_exit(1);
        }
    }
    ~Sleeper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        for (const int fd : {to_[0], to_[1], from_[0], from_[1]}) ::close(fd);
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    void open_a_file() const { EXPECT_EQ(::write(to_[1], "x", 1), 1); }
    // Until it has said that it is about to sleep, and does so.
    void await_sleep() const {
        char byte = 0;
        EXPECT_EQ(::read(from_[0], &byte, 1), 1);
        const SystemBootClock clock;
        Reader proc("/proc", clock);
        const std::string stat = std::to_string(pid_) + "/stat";
        while (proc.read(stat).text.find(") S ") == std::string_view::npos) ::usleep(100);
    }
    pid_t pid() const { return pid_; }

  private:
    int to_[2] = {-1, -1}, from_[2] = {-1, -1};
    pid_t pid_ = 0;
};

TEST(ProcessClock, TellsThatAProcessRan) {
    const Sleeper sleeper;
    sleeper.await_sleep();
    ProcessClock clock(sleeper.pid());
    EXPECT_FALSE(clock.has_run());
    EXPECT_FALSE(clock.has_run());
    sleeper.open_a_file();
    sleeper.await_sleep();
    EXPECT_TRUE(clock.has_run());
    EXPECT_FALSE(clock.has_run());
}

TEST(ProcessClock, WithoutAClockAProcessMayAlwaysHaveRun) {
    ProcessClock none;
    EXPECT_TRUE(none.has_run());
    EXPECT_TRUE(none.has_run());
    ProcessClock nobody(0x3fffffff);  // above PID_MAX_LIMIT
    EXPECT_TRUE(nobody.has_run());
    EXPECT_TRUE(nobody.has_run());
}

TEST(ProcessClock, IsOfProcessesOfThisMachineOnly) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    EXPECT_TRUE(has_process_clocks(proc));
    Machine recorded;
    recorded.proc_tree.write("self/status", "NSpid:\t7\n");
    EXPECT_FALSE(has_process_clocks(recorded.proc));
}

TEST(ProcessScanner, WhatAProcessDidWhileItRanIsSeenAtTheNextScan) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    ReadFaults faults;
    ProcessScanner scanner(proc, faults, UserNames{}, std::chrono::minutes{1});
    const Sleeper sleeper;
    sleeper.await_sleep();
    const auto files = [&] { return get(scanner.scan(kMemory, 4), sleeper.pid()).fd_count; };
    const auto first = files();
    ASSERT_TRUE(first);
    // More scans than a process counts as young, and than pass between two looks at its facts.
    for (int i = 1; i <= 20; ++i) {
        sleeper.open_a_file();
        sleeper.await_sleep();
        EXPECT_EQ(files(), *first + i);
        EXPECT_EQ(files(), *first + i) << "and stays known while it sleeps";
    }
}

// A thread of the kernel sleeps most of the time, and its row is the same as if it were read.
TEST(ProcessScanner, ThreadsOfTheKernelStayWhatTheyAre) {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    const auto kthreadd = proc.read("2/stat");
    const auto stat = parse_pid_stat(kthreadd.text);
    if (!stat || !stat->kernel_thread) GTEST_SKIP() << "needs: the machine's own PID namespace";
    ReadFaults faults;
    ProcessScanner scanner(proc, faults, UserNames{}, std::chrono::minutes{1});
    const auto first = get(scanner.scan(kMemory, 4), 2);
    for (int i = 0; i < 8; ++i) {
        const auto again = get(scanner.scan(kMemory, 4), 2);
        EXPECT_EQ(again.name, "kthreadd");
        EXPECT_EQ(again.state, first.state);
        EXPECT_EQ(again.start_ticks, first.start_ticks);
        EXPECT_EQ(again.ppid, 0);
        EXPECT_EQ(again.num_threads, 1);
        EXPECT_EQ(again.memory_rss_bytes, 0);
        EXPECT_EQ(again.user, "root");
    }
    EXPECT_TRUE(scanner.take_changes().ended.empty() || scanner.last_seen(2, "kthreadd"));
}

}  // namespace
}  // namespace chorus::agent
