// Days of process tables that are over move into their packed form, whole and once.
#include <gmock/gmock.h>

#include "aggregator/access/host_settings.h"
#include "aggregator/schema/retention.h"
#include "aggregator/sealed/processes/process_days.h"
#include "aggregator/sealed/seal_job.h"
#include "tests/integration/sealed/held_lock.h"
#include "tests/integration/sealed_processes/process_fixture.h"

namespace chorus::store {
namespace {

class PackedProcessDays : public SealedProcesses {
  protected:
    SealOutcome run(std::function<bool()> stopping = [] { return false; }) {
        return SealJob{
            database_.pool(), {.cpu_percent = 100}, std::move(stopping), process_table_days()}
            .run(epoch_);
    }
    // As the writer does with a late batch.
    void mark_late(std::chrono::sys_days on) {
        database_.pool().acquire()->execute_once(
            "INSERT INTO monitoring.late_process_days AS l (host_id, day) VALUES ($1, $2)"
            " ON CONFLICT (day, host_id) DO UPDATE SET marks = l.marks + 1",
            Parameters{}.int4(host_).date(on));
    }
    std::int64_t rows(const std::string& table) {
        return database_.number("SELECT count(*) FROM monitoring." + table);
    }
};

TEST_F(PackedProcessDays, ADayMovesWholeAndComesBack) {
    const auto on = day(3);
    fill(host_, on, 300);
    const auto other_host = database_.add_host("db-1");
    fill(other_host, on, 20);
    const auto stored = hot(host_, on), other = hot(other_host, on);
    const auto outcome = run();
    EXPECT_EQ(outcome.days, 1U);
    EXPECT_EQ(outcome.hosts, 2U);
    EXPECT_EQ(outcome.batches, 320U);
    EXPECT_EQ(rows("sealed_process_days"), 1);
    EXPECT_TRUE(hot(host_, on).empty());
    EXPECT_EQ(packed(host_, on), stored);
    EXPECT_EQ(packed(other_host, on), other);
    EXPECT_EQ(run().hosts, 0U);
    EXPECT_EQ(rows("sealed_days"), 0);
}

TEST_F(PackedProcessDays, TodayAndTheDayBeforeStayAsTheyAre) {
    for (const auto on : {day(0), day(1)}) fill(host_, on, 10);
    EXPECT_EQ(run().days, 0U);
    EXPECT_EQ(rows("process_batches"), 20);
}

// As an upgrade finds them: the metrics of the day are packed, its process tables are not.
TEST_F(PackedProcessDays, DaysWhoseMetricsMovedLongAgoMoveToo) {
    const auto on = day(9);
    fill(host_, on, 40);
    database_.run(
        "SELECT monitoring.ensure_sealed_partitions(current_date - 9);"
        " INSERT INTO monitoring.sealed_days (day) VALUES (current_date - 9)");
    const auto stored = hot(host_, on);
    const auto backlog = [&] {
        return read_backlog(*database_.pool().acquire(), 25h, process_table_days());
    };
    EXPECT_EQ(backlog().waiting, 1);
    EXPECT_EQ(backlog().oldest_waiting, on);
    EXPECT_EQ(run().days, 1U);
    EXPECT_EQ(backlog().waiting, 0);
    EXPECT_EQ(backlog().moved, 1);
    EXPECT_EQ(packed(host_, on), stored);
    EXPECT_EQ(rows("sealed_days"), 1);
}

TEST_F(PackedProcessDays, ADayWithAHostsNewestTableWaitsForAWhile) {
    const auto near = day(3), far = day(5);
    for (const auto on : {near, far}) fill(host_, on, 20);
    const auto newest = [&](sys_days on) {
        database_.pool().acquire()->execute_once(
            "UPDATE monitoring.hosts SET latest_process_ts = $1",
            Parameters{}.timestamp(Timestamp{on} + 23h));
    };
    newest(near);
    EXPECT_EQ(run().days, 1U);
    EXPECT_EQ(hot(host_, near).size(), 20U);
    const auto session = database_.pool().acquire();
    EXPECT_EQ(read_backlog(*session, 25h, process_table_days()).waiting, 1);
    newest(day(0));
    EXPECT_EQ(run().days, 1U);
    EXPECT_TRUE(hot(host_, near).empty());
}

TEST_F(PackedProcessDays, AHostWhoseTimeStandsStillKeepsNoDayForLong) {
    const auto on = day(5);
    fill(host_, on, 20);
    database_.pool().acquire()->execute_once("UPDATE monitoring.hosts SET latest_process_ts = $1",
                                             Parameters{}.timestamp(Timestamp{on} + 23h));
    EXPECT_EQ(run().days, 1U);
}

TEST_F(PackedProcessDays, ARemovedHostLeavesNothing) {
    const auto on = day(3);
    const auto other_host = database_.add_host("db-1");
    for (const auto host : {host_, other_host}) fill(host, on, 20);
    const auto kept = hot(other_host, on);
    run();
    mark_late(on);
    database_.run(
        "INSERT INTO monitoring.removed_hosts (host_id, hostname)"
        " SELECT host_id, hostname FROM monitoring.hosts WHERE hostname = 'web-1';"
        " DELETE FROM monitoring.hosts WHERE hostname = 'web-1'");
    RemovedHosts{database_.pool()}.clean_up(epoch_);
    EXPECT_TRUE(packed(host_, on).empty());
    EXPECT_EQ(packed(other_host, on), kept);
    EXPECT_EQ(rows("late_process_days"), 0);
}

TEST_F(PackedProcessDays, AHostThatIsRemovedWhileItIsPackedLeavesNothing) {
    const auto on = day(3);
    fill(host_, on, 20);
    database_.run("SELECT monitoring.ensure_sealed_process_partition(current_date - 3)");
    auto session = database_.pool().acquire();
    {
        Transaction transaction{*session};
        session->execute_once("DELETE FROM monitoring.hosts");
        transaction.commit();
    }
    Transaction transaction{*session};
    EXPECT_FALSE(pack_process_day(*session, epoch_, host_, on, Hot::whole_day));
}

TEST_F(PackedProcessDays, WhatComesLateIsAddedOnce) {
    const auto on = day(3);
    fill(host_, on, 100);
    auto all = hot(host_, on);
    run();
    for (int i = 0; i < 3; ++i) {
        day(3);  // a late batch makes the partition anew
        fill(host_, on, 10);
        const auto late = hot(host_, on);
        all.insert(all.end(), late.begin(), late.end());
        std::ranges::sort(all, {}, [](const auto& table) { return table.head.time; });
        mark_late(on);
        EXPECT_EQ(run().hosts, 1U);
        EXPECT_TRUE(hot(host_, on).empty());
        EXPECT_EQ(packed(host_, on), all);
        EXPECT_EQ(rows("late_process_days"), 0);
        EXPECT_EQ(run().hosts, 0U);
    }
}

TEST_F(PackedProcessDays, ATableBetweenPackingAndMovingIsNotLost) {
    for (const bool marked : {true, false}) {
        const auto on = day(marked ? 3 : 4);
        fill(host_, on, 100);
        pack(host_, on, Hot::whole_day);
        fill(host_, on, 1);
        if (marked) mark_late(on);
        const auto all = hot(host_, on);
        ASSERT_EQ(all.size(), 101U);
        EXPECT_EQ(run().days, 1U);
        EXPECT_EQ(packed(host_, on), all);
    }
}

// As a kill between two hosts would leave it.
TEST_F(PackedProcessDays, ARunThatIsStoppedGoesOnWhereItWas) {
    const auto on = day(3);
    const auto other_host = database_.add_host("db-1");
    for (const auto host : {host_, other_host}) fill(host, on, 20);
    const auto stored = hot(other_host, on);
    int asked = 0;
    EXPECT_EQ(run([&] { return ++asked > 2; }).hosts, 1U);
    EXPECT_EQ(rows("sealed_process_days"), 0);
    EXPECT_EQ(rows("process_batches"), 40);
    EXPECT_EQ(run().hosts, 1U);
    EXPECT_EQ(rows("sealed_process_days"), 1);
    EXPECT_EQ(packed(other_host, on), stored);
}

TEST_F(PackedProcessDays, LateTablesNearAHostsNewestOnesStay) {
    const auto on = day(3);
    fill(host_, on, 20);
    run();
    day(3);
    fill(host_, on, 5);
    mark_late(on);
    database_.pool().acquire()->execute_once(
        "UPDATE monitoring.hosts SET latest_process_ts = $1",
        Parameters{}.timestamp(Timestamp{on} + std::chrono::hours{36}));
    EXPECT_EQ(run().hosts, 0U);
    EXPECT_EQ(hot(host_, on).size(), 5U);
    database_.run("UPDATE monitoring.hosts SET latest_process_ts = now()");
    EXPECT_EQ(run().hosts, 1U);
    EXPECT_EQ(packed(host_, on).size(), 25U);
}

TEST_F(PackedProcessDays, ADayThatSomebodyReadsWaits) {
    const auto on = day(3);
    fill(host_, on, 20);
    HeldLock reader{database_, "SELECT count(*) FROM monitoring.process_batches"};
    EXPECT_EQ(run().postponed, 1U);
    EXPECT_EQ(hot(host_, on).size(), 20U);
    reader.commit();
    EXPECT_EQ(run().days, 1U);
}

TEST_F(PackedProcessDays, ADamagedBlockDoesNotKeepOthersFromBeingPacked) {
    const auto on = day(3);
    const auto other_host = database_.add_host("db-1");
    for (const auto host : {host_, other_host}) fill(host, on, 20);
    run();
    day(3);
    for (const auto host : {host_, other_host}) {
        fill(host, on, 5);
        database_.run("INSERT INTO monitoring.late_process_days (host_id, day) VALUES (" +
                      std::to_string(host) + ", '" + format_timestamp(Timestamp{on}).substr(0, 10) +
                      "')");
    }
    database_.run("UPDATE monitoring.sealed_processes SET ends = '{}' WHERE host_id = " +
                  std::to_string(host_));
    const auto outcome = run();
    EXPECT_EQ(outcome.failed, 1U);
    EXPECT_EQ(outcome.hosts, 1U);
    EXPECT_EQ(hot(host_, on).size(), 5U);
    EXPECT_EQ(packed(other_host, on).size(), 25U);
}

TEST_F(PackedProcessDays, OnlyTheLeaderMovesThem) {
    const auto on = day(3);
    fill(host_, on, 10);
    epoch_ += 1;
    EXPECT_THROW(run(), LeadershipLost);
    EXPECT_EQ(hot(host_, on).size(), 10U);
}

TEST_F(PackedProcessDays, RetentionDropsPackedDays) {
    const auto old = day(4), kept = day(3);
    for (const auto on : {old, kept}) fill(host_, on, 20);
    run();
    ASSERT_EQ(rows("sealed_process_days"), 2);
    mark_late(old);
    const SystemClock clock;
    Retention retention{};
    retention.process = std::chrono::days{3};
    Partitions partitions{database_.pool(), clock, retention};
    const auto outcome =
        RetentionJob{database_.pool(), clock, partitions, retention}.run(epoch_, true);
    EXPECT_EQ(outcome.process_batches_deleted, 20);
    EXPECT_EQ(rows("sealed_process_days"), 1);
    EXPECT_EQ(rows("late_process_days"), 0);
    EXPECT_TRUE(packed(host_, old).empty());
    EXPECT_EQ(packed(host_, kept).size(), 20U);
}

}  // namespace
}  // namespace chorus::store
