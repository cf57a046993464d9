#include "aggregator/store/series_budget.h"

#include <gtest/gtest.h>

namespace chorus::store {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(SeriesBudget, AHostMayBringManyAtOnceAndThenAsManyAsTimeAllows) {
    SeriesBudget budget{1'000, 3'600};  // one a second
    EXPECT_TRUE(budget.take(1, 700, seconds{0}));
    EXPECT_FALSE(budget.take(1, 400, seconds{0}));
    EXPECT_TRUE(budget.take(1, 300, seconds{0}));
    EXPECT_FALSE(budget.take(1, 100, seconds{99}));
    EXPECT_TRUE(budget.take(1, 100, seconds{100})) << "what was refused did not count";
    EXPECT_FALSE(budget.take(1, 1, seconds{100}));
}

TEST(SeriesBudget, WhatAHostSavesIsBounded) {
    SeriesBudget budget{1'000, 3'600};
    EXPECT_TRUE(budget.take(1, 1, seconds{0}));
    EXPECT_TRUE(budget.take(1, 1'000, minutes{600}));
    EXPECT_FALSE(budget.take(1, 1, minutes{600}));
}

TEST(SeriesBudget, OneHostTakesNothingFromAnother) {
    SeriesBudget budget{1'000, 3'600};
    EXPECT_TRUE(budget.take(1, 1'000, seconds{0}));
    EXPECT_TRUE(budget.take(2, 1'000, seconds{0}));
}

}  // namespace
}  // namespace chorus::store
