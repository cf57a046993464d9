// Days that are over are packed: every batch comes back bit for bit, whatever came late, and
// however often the work was cut off.
#include "aggregator/sealed/open_days.h"
#include "tests/integration/sealed/sealing_fixture.h"

namespace chorus::store {
namespace {

TEST_F(Sealing, ADayMovesWholeAndComesBackBitForBit) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 500);
    const auto before = hot(hosts_[0], on), other = hot(hosts_[1], on);
    ASSERT_EQ(before.size(), 500U);
    const auto outcome = run();
    EXPECT_EQ(outcome.days, 1U);
    EXPECT_EQ(outcome.hosts, 2U);
    EXPECT_EQ(outcome.batches, 1'000U);
    EXPECT_EQ(moved(), 1);
    EXPECT_TRUE(hot(hosts_[0], on).empty());
    EXPECT_EQ(packed(hosts_[0], on), before);
    EXPECT_EQ(packed(hosts_[1], on), other);
    EXPECT_EQ(run().hosts, 0U);
}

// So all of the newest 24 hours lies in system_batches.
TEST_F(Sealing, TodayAndTheDayBeforeStayAsTheyAre) {
    const auto today = day(0), before = day(1);
    for (const auto on : {today, before}) fill(hosts_[0], on, 10);
    EXPECT_EQ(run().days, 0U);
    EXPECT_EQ(hot(hosts_[0], today).size(), 10U);
    EXPECT_EQ(hot(hosts_[0], before).size(), 10U);
}

TEST_F(Sealing, WhatComesLateIsAddedAndTaken) {
    const auto on = day(3);
    fill(hosts_[0], on, 200);
    auto all = hot(hosts_[0], on);
    run();
    for (int i = 0; i < 3; ++i) {
        day(3);  // a late batch makes the partition anew
        fill(hosts_[0], on, 50);
        const auto late = hot(hosts_[0], on);
        ASSERT_EQ(late.size(), 50U);
        all.insert(all.end(), late.begin(), late.end());
        mark_late(hosts_[0], on);
        run();
        std::ranges::sort(all);
        EXPECT_TRUE(hot(hosts_[0], on).empty());
        EXPECT_EQ(packed(hosts_[0], on), all);
    }
}

// A host whose clock is days behind keeps its newest values where readers look for them.
TEST_F(Sealing, LateRowsNearAHostsNewestOnesStay) {
    const auto on = day(3);
    fill(hosts_[0], on, 20);
    run();
    day(3);
    fill(hosts_[0], on, 5);
    mark_late(hosts_[0], on);
    for (const auto newest : {on, on + days{1}}) {
        database_.pool().acquire()->execute_once(
            "UPDATE monitoring.hosts SET latest_ts = $1",
            Parameters{}.timestamp(Timestamp{newest} + std::chrono::hours{12}));
        EXPECT_EQ(run().hosts, 0U);
        EXPECT_EQ(hot(hosts_[0], on).size(), 5U);
        EXPECT_EQ(rows("late_days"), 1);
    }
    database_.run("UPDATE monitoring.hosts SET latest_ts = now()");
    EXPECT_EQ(run().hosts, 1U);
    EXPECT_EQ(packed(hosts_[0], on).size(), 25U);
}

TEST_F(Sealing, ADayWithAHostsNewestBatchWaitsUntilTheHostGoesOnOrIsSilent) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 20);
    const auto newest = [&](Timestamp time) {
        database_.pool().acquire()->execute_once(
            "UPDATE monitoring.hosts SET latest_ts = $1 WHERE hostname = 'db-1'",
            Parameters{}.timestamp(time));
    };
    newest(Timestamp{on} + 23h);
    EXPECT_EQ(run().hosts, 0U);
    EXPECT_EQ(moved(), 0);
    EXPECT_EQ(read_backlog(*database_.pool().acquire(), 25h).waiting, 1);
    newest(Timestamp{on} + 25h);
    EXPECT_EQ(read_backlog(*database_.pool().acquire(), 25h).waiting, 1);
    newest(Timestamp{on} + 23h);
    database_.run("UPDATE monitoring.hosts SET last_seen = now() - interval '25 hours'");
    EXPECT_EQ(run().days, 1U);
}

TEST_F(Sealing, AHostWhoseTimeStandsStillKeepsNoDayForLong) {
    const auto on = day(5);
    for (const auto host : hosts_) fill(host, on, 20);
    database_.pool().acquire()->execute_once("UPDATE monitoring.hosts SET latest_ts = $1",
                                             Parameters{}.timestamp(Timestamp{on} + 23h));
    EXPECT_EQ(run().days, 1U);
}

TEST_F(Sealing, LateRowsOfAHostThatIsSilentForADayAreAdded) {
    const auto on = day(3);
    fill(hosts_[0], on, 20);
    run();
    day(3);
    fill(hosts_[0], on, 5);
    mark_late(hosts_[0], on);
    database_.pool().acquire()->execute_once(
        "UPDATE monitoring.hosts SET latest_ts = $1, last_seen = now() - interval '23 hours'",
        Parameters{}.timestamp(Timestamp{on}));
    EXPECT_EQ(run().hosts, 0U);
    database_.run("UPDATE monitoring.hosts SET last_seen = now() - interval '25 hours'");
    EXPECT_EQ(run().hosts, 1U);
    EXPECT_EQ(packed(hosts_[0], on).size(), 25U);
}

TEST_F(Sealing, ADamagedDayOfOneHostDoesNotKeepOthersFromBeingPacked) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 20);
    run();
    day(3);
    for (const auto host : hosts_) {
        fill(host, on, 5);
        mark_late(host, on);
    }
    database_.run("UPDATE monitoring.sealed_batches SET hashes = '{}' WHERE host_id = " +
                  std::to_string(hosts_[0]));
    SealJob job{database_.pool(), {.cpu_percent = 100}, [] { return false; }};
    const auto outcome = job.run(epoch_);
    EXPECT_EQ(outcome.failed, 1U);
    EXPECT_EQ(outcome.hosts, 1U);
    EXPECT_THAT(job.progress().last_error, testing::HasSubstr("damaged"));
    EXPECT_EQ(hot(hosts_[0], on).size(), 5U);
    EXPECT_EQ(packed(hosts_[1], on).size(), 25U);
}

TEST_F(Sealing, AHostThatOnlyComesLateIsAddedToo) {
    const auto on = day(3);
    fill(hosts_[0], on, 20);
    run();
    day(3);
    fill(hosts_[1], on, 30);
    const auto late = hot(hosts_[1], on);
    mark_late(hosts_[1], on);
    run();
    EXPECT_EQ(packed(hosts_[1], on), late);
}

TEST_F(Sealing, ABatchBetweenPackingAndMovingIsNotLost) {
    const auto on = day(3);
    fill(hosts_[0], on, 100);
    pack(hosts_[0], on);
    fill(hosts_[0], on, 1);
    mark_late(hosts_[0], on);
    const auto all = hot(hosts_[0], on);
    ASSERT_EQ(all.size(), 101U);
    run();
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(packed(hosts_[0], on), all);
}

// As if the writer had forgotten the mark.
TEST_F(Sealing, ABatchWithoutAMarkIsFoundByCounting) {
    const auto on = day(3);
    fill(hosts_[0], on, 100);
    pack(hosts_[0], on);
    fill(hosts_[0], on, 1);
    const auto all = hot(hosts_[0], on);
    run();
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(packed(hosts_[0], on), all);
}

TEST_F(Sealing, ADayOfManyValuesIsPackedInSlices) {
    const auto on = day(3);
    fill(hosts_[0], on, 100);
    const auto before = hot(hosts_[0], on);
    EXPECT_EQ(pack(hosts_[0], on, 150).series, 4U);
    EXPECT_EQ(packed(hosts_[0], on), before);
}

TEST_F(Sealing, OnlyTheLeaderPacks) {
    const auto on = day(3);
    fill(hosts_[0], on, 10);
    epoch_ += 1;
    EXPECT_THROW(run(), LeadershipLost);
    EXPECT_EQ(hot(hosts_[0], on).size(), 10U);
}

TEST_F(Sealing, ARunThatIsStoppedGoesOnWhereItWas) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 20);
    int asked = 0;
    SealJob job{database_.pool(), {.cpu_percent = 100}, [&] { return ++asked > 2; }};
    EXPECT_EQ(job.run(epoch_).hosts, 1U);
    EXPECT_EQ(moved(), 0);
    EXPECT_EQ(run().hosts, 1U);
    EXPECT_EQ(moved(), 1);
}

}  // namespace
}  // namespace chorus::store
