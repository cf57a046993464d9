// Processes that did not run are read again when their parents end, and only then.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "agent/procfs/support/text_scan.h"
#include "tests/unit/process/sleeping.h"

namespace chorus::agent {
namespace {

using namespace testing;

// fork(2) with a PID of choice. Fails before Linux 5.5 and without CAP_CHECKPOINT_RESTORE.
pid_t fork_as(pid_t pid) {
    clone_args args{};
    args.exit_signal = SIGCHLD;
    args.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
    args.set_tid_size = 1;
    return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

pid_t fork_as_last() {
    const SystemBootClock clock;
    Reader proc("/proc", clock);
    const auto file = proc.read("sys/kernel/pid_max");
    auto text = file.text;
    pid_t pid = parse_number<pid_t>(next_line(text).value_or("")).value_or(0);
    for (;;) {
        const pid_t forked = fork_as(--pid);
        if (forked >= 0 || errno != EEXIST) return forked;
    }
}

// A process and its child, which both sleep.
class Family {
  public:
    enum class Scanned { parent_first, child_first };

    explicit Family(Scanned order) {
        int told[2];
        EXPECT_EQ(::pipe2(told, O_CLOEXEC), 0);
        parent_ = order == Scanned::parent_first ? ::fork() : fork_as_last();
        if (parent_ == 0) {
            const pid_t child = ::fork();
            if (child != 0 && ::write(told[1], &child, sizeof child) != sizeof child) ::_exit(1);
            for (;;) ::pause();
        }
        if (parent_ > 0) {
            EXPECT_EQ(::read(told[0], &child_, sizeof child_), sizeof child_);
            await_state(parent_, 'S');
            await_state(child_, 'S');
        }
        for (const int fd : told) ::close(fd);
    }
    ~Family() {
        if (child_ > 0) ::kill(child_, SIGKILL);
        if (parent_ <= 0) return;
        ::kill(parent_, SIGKILL);
        ::waitpid(parent_, nullptr, 0);
    }
    Family(const Family&) = delete;
    Family& operator=(const Family&) = delete;

    bool is_there() const { return parent_ > 0; }
    pid_t parent() const { return parent_; }
    pid_t child() const { return child_; }
    void end_parent() const {
        ::kill(parent_, SIGKILL);
        await_state(parent_, 'Z');
    }
    // Returns the PID, which is free then.
    pid_t reap_parent() {
        ::waitpid(parent_, nullptr, 0);
        return std::exchange(parent_, 0);
    }
    // Whoever has it ends with the family. False if it cannot be had.
    bool give_to_another(pid_t pid) {
        parent_ = fork_as(pid);
        if (parent_ != 0) return parent_ > 0;
        for (;;) ::pause();
    }

  private:
    pid_t parent_ = 0, child_ = 0;
};

constexpr const char* kNeedsChoice = "needs: Linux 5.5 and CAP_CHECKPOINT_RESTORE, to choose a PID";

class SleepingChildren : public SleepingProcesses,
                         public ::testing::WithParamInterface<Family::Scanned> {
  protected:
    void SetUp() override {
        if (!family_.is_there()) GTEST_SKIP() << kNeedsChoice;
        EXPECT_EQ(family_.child() < family_.parent(), GetParam() == Family::Scanned::child_first);
        settle(family_.child());
        ASSERT_EQ(parent_told(), family_.parent());
    }
    std::optional<std::int32_t> parent_told() { return scanned(family_.child(), 7).ppid; }

    Family family_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(InOrderOfPids, SleepingChildren,
                         ::testing::Values(Family::Scanned::parent_first,
                                           Family::Scanned::child_first),
                         [](const auto& tested) {
                             return tested.param == Family::Scanned::parent_first ? "ParentFirst"
                                                                                  : "ChildFirst";
                         });

TEST_P(SleepingChildren, HaveAnotherParentAtTheNextScanAfterItEnded) {
    family_.end_parent();
    const pid_t ended = family_.reap_parent();
    EXPECT_NE(parent_told(), ended);
}

TEST_P(SleepingChildren, HaveAnotherParentWhileItIsAZombie) {
    family_.end_parent();
    EXPECT_NE(parent_told(), family_.parent());
    EXPECT_EQ(scanned(family_.parent(), 7).state, ProcessState::zombie);
}

TEST_P(SleepingChildren, HaveAnotherParentWhenItsPidIsGivenAgain) {
    // A PID that is given again within a tick cannot be told from the old one.
    ::usleep(20'000);
    family_.end_parent();
    const pid_t pid = family_.reap_parent();
    if (!family_.give_to_another(pid)) GTEST_SKIP() << kNeedsChoice;
    EXPECT_NE(parent_told(), pid);
    EXPECT_EQ(scanned(pid, 7).ppid, ::getpid());
}

// A new nice value makes nobody run, so it tells when a process is read.
TEST_P(SleepingChildren, AreReadOnceInSixteenScans) {
    for (const pid_t pid : {family_.parent(), family_.child()}) {
        const auto scans_until_told = [&](int nice) {
            EXPECT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), nice), 0);
            int scans = 1;
            while (scanned(pid, 7).nice != nice && scans < 20) ++scans;
            return scans;
        };
        scans_until_told(18);
        EXPECT_EQ(scans_until_told(19), 16);
    }
}

}  // namespace
}  // namespace chorus::agent
