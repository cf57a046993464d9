#include "agent/services/found_checks.h"

#include <gtest/gtest.h>

namespace chorus::agent {
namespace {

using std::chrono::seconds;

AgentServiceCheck check_of(const std::string& name, double interval = 1) {
    AgentServiceCheck check;
    check.name = name;
    check.interval_seconds = interval;
    return check;
}

TEST(FoundChecks, AreTakenOnceWithTheirAges) {
    FoundChecks found;
    const FoundChecks::Clock::time_point start{};
    found.add(check_of("a"), start);
    found.add(check_of("b"), start + seconds{2});
    const auto taken = found.take(start + seconds{5});
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].name, "a");
    EXPECT_EQ(taken[0].age, seconds{5});
    EXPECT_EQ(taken[1].age, seconds{3});
    EXPECT_TRUE(found.take(start).empty());
}

TEST(FoundChecks, FrequentOnesPushOutNoResultOfARareOne) {
    FoundChecks found;
    const FoundChecks::Clock::time_point start{};
    found.add(check_of("rare"), start);
    constexpr int kMost = static_cast<int>(limits::kServiceChecksPerBatch);
    for (int i = 1; i <= kMost + 10; ++i) found.add(check_of("often", i), start + seconds{i});
    const auto taken = found.take(start + seconds{kMost + 10});
    ASSERT_EQ(taken.size(), limits::kServiceChecksPerBatch);
    EXPECT_EQ(taken[0].name, "rare");
    // Of the others the oldest went.
    EXPECT_EQ(taken[1].interval_seconds, 12);
    EXPECT_EQ(taken.back().interval_seconds, kMost + 10);
}

TEST(FoundChecks, OfAsManyServicesAsFitInTheOldestGoes) {
    FoundChecks found;
    for (std::size_t i = 0; i <= limits::kServiceChecksPerBatch; ++i) {
        found.add(check_of("s" + std::to_string(i)), {});
    }
    const auto taken = found.take({});
    ASSERT_EQ(taken.size(), limits::kServiceChecksPerBatch);
    EXPECT_EQ(taken[0].name, "s1");
}

}  // namespace
}  // namespace chorus::agent
