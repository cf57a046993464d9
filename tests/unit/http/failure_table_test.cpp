#include "aggregator/http/failure_table.h"

#include <gtest/gtest.h>

namespace chorus::http {
namespace {

using std::chrono::seconds;

class Failures : public ::testing::Test {
  protected:
    void fail(const std::string& address, int times) {
        for (int i = 0; i < times; ++i) table.add(address);
    }
    ManualClock clock{Timestamp{}};
    FailureTable table{clock};
};

TEST_F(Failures, AnAddressMayFailSoOftenAMinute) {
    fail("192.0.2.1", FailureTable::kMostFailures - 1);
    EXPECT_EQ(table.wait("192.0.2.1"), std::nullopt);
    clock.advance(seconds{40});
    fail("192.0.2.1", 1);
    EXPECT_EQ(table.wait("192.0.2.1"), seconds{20});
    EXPECT_EQ(table.wait("192.0.2.2"), std::nullopt);
    clock.advance(std::chrono::milliseconds{19'500});
    EXPECT_EQ(table.wait("192.0.2.1"), seconds{1});
    clock.advance(std::chrono::milliseconds{500});
    EXPECT_EQ(table.wait("192.0.2.1"), std::nullopt);
}

TEST_F(Failures, ANewMinuteBeginsANewCount) {
    fail("192.0.2.1", FailureTable::kMostFailures);
    clock.advance(FailureTable::kWindow);
    fail("192.0.2.1", FailureTable::kMostFailures - 1);
    EXPECT_EQ(table.wait("192.0.2.1"), std::nullopt);
    // Failing on while refused does not prolong it.
    fail("192.0.2.1", 1'000);
    EXPECT_EQ(table.wait("192.0.2.1"), FailureTable::kWindow);
}

TEST_F(Failures, AFullTableRefusesWhoIsNotInItUntilThereIsRoom) {
    for (std::size_t i = 0; i < FailureTable::kMostAddresses; ++i) {
        EXPECT_EQ(table.wait(std::to_string(i)), std::nullopt);
        table.add(std::to_string(i));
    }
    EXPECT_EQ(table.wait("one more"), FailureTable::kWindow);
    fail("one more", FailureTable::kMostFailures);
    EXPECT_EQ(table.wait("0"), std::nullopt);
    clock.advance(FailureTable::kWindow);
    EXPECT_EQ(table.wait("one more"), std::nullopt);
}

}  // namespace
}  // namespace chorus::http
