#include "aggregator/batches/series_budget.h"

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

TEST(SeriesBudget, WhatWasNotStoredDoesNotCount) {
    SeriesBudget budget{1'000, 3'600};
    EXPECT_TRUE(budget.take(1, 1'000, seconds{0}));
    budget.give_back(1, 600);
    EXPECT_TRUE(budget.take(1, 600, seconds{0}));
    EXPECT_FALSE(budget.take(1, 1, seconds{0}));
}

TEST(SeriesBudget, ManyHostsAreForgottenOnceTheyMayBringEverythingAgain) {
    SeriesBudget budget{1'000, 3'600};
    EXPECT_TRUE(budget.take(0, 1'000, seconds{0}));
    for (int host = 1; host < 20'000; ++host) EXPECT_TRUE(budget.take(host, 1, seconds{1}));
    EXPECT_FALSE(budget.take(0, 1'000, seconds{100}));
}

TEST(SeriesBudget, OneHostTakesNothingFromAnother) {
    SeriesBudget budget{1'000, 3'600};
    EXPECT_TRUE(budget.take(1, 1'000, seconds{0}));
    EXPECT_TRUE(budget.take(2, 1'000, seconds{0}));
}

}  // namespace
}  // namespace chorus::store
