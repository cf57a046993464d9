#include "aggregator/api/paced_read.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace chorus::api {
namespace {

using std::chrono::milliseconds;

class PacedReadTest : public testing::Test {
  protected:
    int get(milliseconds takes = milliseconds{100}) {
        return *paced_.get([&] {
            clock_.advance(takes);
            return ++reads_;
        });
    }

    ManualClock clock_{Timestamp{}};
    PacedRead<int> paced_{clock_};
    int reads_ = 0;
};

TEST_F(PacedReadTest, GivesTheSameForTwentyTimesAsLongAsItTook) {
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{1'999});
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{1});
    EXPECT_EQ(get(), 2);
}

TEST_F(PacedReadTest, WhatCostsNothingIsReadEachTime) {
    EXPECT_EQ(get(milliseconds{0}), 1);
    EXPECT_EQ(get(milliseconds{0}), 2);
}

TEST_F(PacedReadTest, AFailureIsNotKept) {
    EXPECT_EQ(get(), 1);
    clock_.advance(milliseconds{2'000});
    EXPECT_THROW(paced_.get([]() -> int { throw std::runtime_error("away"); }), std::runtime_error);
    EXPECT_EQ(get(), 2);
}

}  // namespace
}  // namespace chorus::api
