#include "agent/status/budget.h"

#include <gtest/gtest.h>

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;
using Verdict = Budget::Verdict;

class BudgetTest : public ::testing::Test {
  protected:
    static constexpr std::uint64_t kMost = 1'000;
    Verdict cycles(int count, std::uint64_t rss, std::chrono::nanoseconds took = 1ms) {
        Verdict last = Verdict::keep_on;
        for (int i = 0; i < count; ++i) {
            now += 10s;
            last = budget.judge({.rss_bytes = rss, .took = took}, now);
            if (last != Verdict::keep_on) return last;
        }
        return last;
    }
    Budget budget{kMost, 10s};
    std::chrono::nanoseconds now{1h};
};

TEST_F(BudgetTest, AMomentAboveTheLimitIsNothing) {
    EXPECT_EQ(cycles(Budget::kPatience - 1, kMost + 1), Verdict::keep_on);
    EXPECT_EQ(cycles(1, kMost), Verdict::keep_on);
    EXPECT_EQ(cycles(Budget::kPatience - 1, kMost + 1), Verdict::keep_on);
    EXPECT_EQ(cycles(1, kMost + 1), Verdict::do_less);
}

TEST_F(BudgetTest, SlowCollectionsCountToo) {
    EXPECT_EQ(cycles(Budget::kPatience - 1, 1, 3s), Verdict::keep_on);
    EXPECT_EQ(cycles(1, 1, 3s), Verdict::do_less);
    EXPECT_EQ(cycles(1'000, 1, 3s), Verdict::keep_on) << "a restart makes nothing faster";
}

TEST_F(BudgetTest, BeginsAnewAtMostOnceAnHour) {
    cycles(Budget::kPatience, kMost + 1);
    EXPECT_EQ(cycles(300, kMost + 1), Verdict::keep_on);
    EXPECT_EQ(cycles(100, kMost + 1), Verdict::begin_anew);
}

TEST_F(BudgetTest, OwnMemoryIsKnown) {
    ASSERT_TRUE(own_rss_bytes());
    EXPECT_GT(*own_rss_bytes(), 1U << 20U);
}

}  // namespace
}  // namespace chorus::agent
