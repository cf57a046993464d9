#include "aggregator/api/services/throttled_read.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace chorus::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ThrottledReadTest : public testing::Test {
  protected:
    int get(milliseconds takes = milliseconds{100}) {
        return *throttled_.get([&] {
            clock_.advance(takes);
            return ++reads_;
        });
    }
    // What one that cannot be read says.
    std::string failure(milliseconds takes = milliseconds{100}) {
        try {
            throttled_.get([&]() -> int {
                clock_.advance(takes);
                throw std::runtime_error("away " + std::to_string(++failures_));
            });
        } catch (const std::runtime_error& e) {
            return e.what();
        }
        return {};
    }

    ManualClock clock_{Timestamp{}};
    ThrottledRead<int> throttled_{clock_};
    int reads_ = 0, failures_ = 0;
};

TEST_F(ThrottledReadTest, GivesTheSameForTwentyTimesAsLongAsItTook) {
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{1'999});
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{1});
    EXPECT_EQ(get(), 2);
}

TEST_F(ThrottledReadTest, WhatCostsNothingIsReadEachTime) {
    EXPECT_EQ(get(milliseconds{0}), 1);
    EXPECT_EQ(get(milliseconds{0}), 2);
}

TEST_F(ThrottledReadTest, NoAnswerIsGivenForMoreThanAMinute) {
    EXPECT_EQ(get(seconds{5}), 1);
    clock_.advance(milliseconds{59'999});
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{1});
    EXPECT_EQ(get(), 2);
}

TEST_F(ThrottledReadTest, AFailureTakesThePlaceOfTheAnswer) {
    EXPECT_EQ(get(), 1);
    clock_.advance(seconds{2});
    EXPECT_EQ(failure(), "away 1");
    EXPECT_EQ(failure(), "away 1");
    clock_.advance(seconds{2});
    EXPECT_EQ(get(), 2);
}

TEST_F(ThrottledReadTest, AFailureIsToldForTwentyTimesAsLongAsItTook) {
    EXPECT_EQ(failure(), "away 1");
    clock_.advance(milliseconds{1'999});
    EXPECT_EQ(failure(), "away 1");
    clock_.advance(milliseconds{1});
    EXPECT_EQ(failure(), "away 2");
}

TEST_F(ThrottledReadTest, WhoTriesAgainWhenToldToDoesNotGetTheSameFailure) {
    EXPECT_EQ(failure(seconds{5}), "away 1");
    clock_.advance(milliseconds{4'999});
    EXPECT_EQ(failure(), "away 1");
    clock_.advance(milliseconds{1});
    EXPECT_EQ(get(), 1);
}

}  // namespace
}  // namespace chorus::api
