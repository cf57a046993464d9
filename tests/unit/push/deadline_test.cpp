#include "agent/push/deadline.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <thread>

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class DeadlineTest : public testing::Test {
  protected:
    void make_ready() { ::eventfd_write(peer.get(), 1); }
    bool wait() { return deadline.wait(peer.get(), POLLIN); }

    Deadline deadline;
    FileDescriptor peer{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

TEST_F(DeadlineTest, WhatIsReadyIsToldAtOnce) {
    make_ready();
    EXPECT_TRUE(wait());
}

TEST_F(DeadlineTest, SleepsThroughUntilItHasPassed) {
    const auto end = SteadyClock::now() + 700ms;
    deadline.set(end);
    rusage before{}, after{};
    ::getrusage(RUSAGE_THREAD, &before);
    EXPECT_FALSE(wait());
    ::getrusage(RUSAGE_THREAD, &after);
    EXPECT_GE(SteadyClock::now(), end);
    EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 2);
}

TEST_F(DeadlineTest, AnotherThreadEndsTheWait) {
    deadline.set(SteadyClock::now() + 1h);
    const std::jthread impatient([&] { deadline.bring_forward(SteadyClock::now()); });
    EXPECT_FALSE(wait());
}

TEST_F(DeadlineTest, AnotherThreadMakesTheWaitShorter) {
    deadline.set(SteadyClock::now() + 1h);
    const auto end = SteadyClock::now() + 100ms;
    const std::jthread impatient([&] { deadline.bring_forward(end); });
    EXPECT_FALSE(wait());
    EXPECT_GE(SteadyClock::now(), end);
}

TEST_F(DeadlineTest, IsNeverMovedBack) {
    const auto end = SteadyClock::now() + 50ms;
    deadline.set(end);
    deadline.bring_forward(end + 1h);
    EXPECT_EQ(deadline.at(), end);
}

TEST_F(DeadlineTest, ANewWaitDoesNotEndForTheOneBefore) {
    deadline.bring_forward(SteadyClock::now());
    deadline.set(SteadyClock::now() + 1h);
    std::jthread late([&] { make_ready(); });
    EXPECT_TRUE(wait());
}

}  // namespace
}  // namespace chorus::agent
