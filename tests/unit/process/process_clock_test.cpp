// Processes that did not run are not read again.
#include "agent/process/process_clock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "tests/unit/process/sleeping.h"

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
        await_state(pid_, 'S');
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
    EXPECT_TRUE(clock.stands());
    sleeper.open_a_file();
    sleeper.await_sleep();
    EXPECT_FALSE(clock.stands());
    EXPECT_TRUE(clock.has_run()) << "to have looked before makes no difference";
    EXPECT_FALSE(clock.has_run());
    EXPECT_TRUE(clock.stands());
}

TEST(ProcessClock, WithoutAClockAProcessMayAlwaysHaveRun) {
    ProcessClock none;
    EXPECT_TRUE(none.has_run());
    EXPECT_TRUE(none.has_run());
    EXPECT_FALSE(none.stands());
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

// A process that has mapped a file and sleeps, and the file.
class Mapper {
  public:
    static constexpr off_t kBytes = 8 << 20;
    // The kernel's figure may be some pages behind.
    static constexpr off_t kMost = kBytes - (1 << 20);

    Mapper() : file_(::memfd_create("mapped", MFD_CLOEXEC)) {
        EXPECT_EQ(::ftruncate(file_, kBytes), 0);
        EXPECT_EQ(::pipe2(ready_, O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ != 0) return;
        void* mapped = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
        if (mapped == MAP_FAILED) ::_exit(1);
        std::memset(mapped, 1, kBytes);
        if (::write(ready_[1], "r", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    ~Mapper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        for (const int fd : {file_, ready_[0], ready_[1]}) ::close(fd);
    }
    Mapper(const Mapper&) = delete;
    Mapper& operator=(const Mapper&) = delete;

    void await_sleep() const {
        char byte = 0;
        EXPECT_EQ(::read(ready_[0], &byte, 1), 1);
        await_state(pid_, 'S');
    }
    // Its pages go while it sleeps, as the kernel takes them when memory is short.
    void take_memory() const { EXPECT_EQ(::ftruncate(file_, 0), 0); }
    pid_t pid() const { return pid_; }

  private:
    int file_;
    int ready_[2] = {-1, -1};
    pid_t pid_ = 0;
};

TEST_F(SleepingProcesses, MemoryThatTheKernelTakesIsSeenAtTheNextScan) {
    for (const std::optional<std::uint64_t> reclaim : {std::optional<std::uint64_t>{8}, {}}) {
        const Mapper mapper;
        mapper.await_sleep();
        settle(mapper.pid());
        const auto before = scanned(mapper.pid(), 7).memory_rss_bytes.value();
        EXPECT_GE(before, Mapper::kMost);
        mapper.take_memory();
        EXPECT_LE(scanned(mapper.pid(), reclaim).memory_rss_bytes.value(), before - Mapper::kMost)
            << "reclaim " << (reclaim ? "grew" : "is not known");
    }
}

TEST_F(SleepingProcesses, MemoryThatNoReclaimTookIsSeenWithinAFewScans) {
    const Mapper mapper;
    mapper.await_sleep();
    settle(mapper.pid());
    const auto before = scanned(mapper.pid(), 7).memory_rss_bytes.value();
    mapper.take_memory();
    int scans = 1;
    while (scanned(mapper.pid(), 7).memory_rss_bytes.value() > before - Mapper::kMost) {
        ASSERT_LE(++scans, 16);
    }
}

// The row of one that did not run is made of what was read before: the same as if it were read.
TEST_F(SleepingProcesses, StayWhatTheyAre) {
    const Mapper mapper;
    mapper.await_sleep();
    settle(mapper.pid());
    const std::string text{proc_.read(std::to_string(mapper.pid()) + "/stat").text};
    const auto stat = parse_pid_stat(text);
    ASSERT_TRUE(stat);
    for (int i = 0; i < 20; ++i) {
        const auto row = scanned(mapper.pid(), 7);
        EXPECT_EQ(row.name, stat->comm);
        EXPECT_EQ(row.state, ProcessState::sleeping);
        EXPECT_EQ(row.ppid, ::getpid());
        EXPECT_EQ(row.start_ticks, stat->start_ticks);
        EXPECT_EQ(row.num_threads, 1);
        EXPECT_EQ(row.memory_rss_bytes, stat->rss_pages * ScanConstants{}.page_bytes);
        EXPECT_EQ(row.processor, stat->processor);
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
