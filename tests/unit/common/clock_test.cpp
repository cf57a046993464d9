#include "common/clock.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, StandsStillUntilItIsMoved) {
    ManualClock clock{from_unix_micros(1'000)};
    EXPECT_EQ(to_unix_micros(clock.now()), 1'000);
    const auto before = clock.steady();
    clock.advance(5ms);
    EXPECT_EQ(to_unix_micros(clock.now()), 6'000);
    EXPECT_EQ(clock.steady() - before, 5ms);
}

TEST(ManualClock, AStepOfTheWallLeavesTheSteadyTimeAlone) {
    ManualClock clock{from_unix_micros(10'000'000)};
    const auto before = clock.steady();
    clock.step_wall(-1s);
    EXPECT_EQ(to_unix_micros(clock.now()), 9'000'000);
    EXPECT_EQ(clock.steady(), before);
}

TEST(SystemClock, TellsTheTimeOfTheSystem) {
    const auto before =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const Timestamp now = SystemClock{}.now();
    EXPECT_GE(now, before);
    EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST(SystemClock, SteadyTimeDoesNotGoBack) {
    const SystemClock clock;
    auto last = clock.steady();
    for (int i = 0; i < 1'000; ++i) {
        const auto next = clock.steady();
        ASSERT_GE(next, last);
        last = next;
    }
}

}  // namespace
}  // namespace chorus
