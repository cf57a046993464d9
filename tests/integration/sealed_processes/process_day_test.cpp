// The process tables of a day are packed and come back as they were stored.
#include "aggregator/sealed/processes/process_day.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/integration/sealed/held_lock.h"
#include "tests/integration/sealed_processes/process_fixture.h"

namespace chorus::store {
namespace {

TEST_F(SealedProcesses, ADayComesBackAsItWasStored) {
    const auto on = day(3);
    fill(host_, on, 400);
    const auto stored = hot(host_, on);
    ASSERT_EQ(stored.size(), 400U);
    const auto done = pack(host_, on, Hot::whole_day);
    EXPECT_EQ(done.batches, 400U);
    EXPECT_EQ(packed(host_, on), stored);
    EXPECT_EQ(hot(host_, on), stored);
    EXPECT_EQ(pack(host_, on, Hot::whole_day).batches, 400U);
    EXPECT_EQ(packed(host_, on), stored);
}

TEST_F(SealedProcesses, WhatComesLateIsAddedAndTaken) {
    const auto on = day(3);
    fill(host_, on, 200);
    auto all = hot(host_, on);
    pack(host_, on, Hot::whole_day);
    for (int round = 0; round < 3; ++round) {
        database_.run("TRUNCATE monitoring.process_batches");
        fill(host_, on, 20);
        const auto late = hot(host_, on);
        all.insert(all.end(), late.begin(), late.end());
        std::ranges::sort(all, {}, [](const auto& table) { return table.head.time; });
        pack(host_, on, Hot::late);
        EXPECT_TRUE(hot(host_, on).empty());
        ASSERT_EQ(packed(host_, on), all);
    }
}

// Blocks begin with a clock hour, and those that nothing came for stay as they are.
TEST_F(SealedProcesses, LateTablesTouchOnlyTheirBlock) {
    const auto on = day(3);
    for (int i = 0; i < 300; ++i) {
        processes_.add(host_, Timestamp{on} + i * std::chrono::minutes{1});
    }
    processes_.write();
    pack(host_, on, Hot::whole_day);
    EXPECT_EQ(blocks(), 5);
    database_.run("TRUNCATE monitoring.process_batches");
    database_.run(
        "CREATE TABLE before AS SELECT first_ts, xmin::text AS x FROM monitoring.sealed_processes");
    add(host_, Timestamp{on} + std::chrono::minutes{150} + std::chrono::seconds{1});
    pack(host_, on, Hot::late);
    EXPECT_EQ(blocks(), 5);
    EXPECT_EQ(database_.number("SELECT count(*) FROM before b JOIN monitoring.sealed_processes s"
                               " ON s.first_ts = b.first_ts AND s.xmin::text = b.x"),
              4);
}

TEST_F(SealedProcesses, TablesOfASlowHostShareABlock) {
    const auto on = day(3);
    for (int i = 0; i < 24; ++i) add(host_, Timestamp{on} + std::chrono::hours{i});
    pack(host_, on, Hot::whole_day);
    EXPECT_EQ(blocks(), 1);
    EXPECT_EQ(packed(host_, on), hot(host_, on));
}

TEST_F(SealedProcesses, WideColumnsAndUnknownOnesComeBack) {
    const auto on = day(3);
    const auto text = format_timestamp(Timestamp{on} + std::chrono::hours{5});
    const auto ref = database_.add_processes(host_, "huge", 2);
    database_.run(
        "INSERT INTO monitoring.process_batches (ts, received_at, host_id, scanned, ref_base,"
        " refs_wide, cpu_percent, rss_bytes, memory_percent, read_bytes, states, nice) VALUES ('" +
        text + "', now(), " + std::to_string(host_) + ", 2, " + std::to_string(ref) + ", '{" +
        std::to_string(ref) + "," + std::to_string(ref + 1) +
        "}', '{-0,1.4e-45}', '{NULL,9223372036854775807}', '{0.1,3.4e38}', '{1,NULL}', 'S?',"
        " '{-20,19}')");
    const auto stored = hot(host_, on);
    ASSERT_EQ(stored.size(), 1U);
    pack(host_, on, Hot::whole_day);
    EXPECT_EQ(packed(host_, on), stored);
    constexpr auto kRss = figure_index<process_column_index("memory_rss_bytes")>();
    EXPECT_EQ(stored[0].figures[0][kRss], kUnknown);
    EXPECT_EQ(stored[0].figures[1][kRss], std::numeric_limits<std::int64_t>::max());
}

TEST_F(SealedProcesses, AMarkGoesOnlyIfItIsStillTheSame) {
    const auto on = day(3);
    fill(host_, on, 5);
    const auto mark = [&] {
        database_.pool().acquire()->execute_once(
            "INSERT INTO monitoring.late_process_days AS l (host_id, day) VALUES ($1, $2)"
            " ON CONFLICT (day, host_id) DO UPDATE SET marks = l.marks + 1",
            Parameters{}.int4(host_).date(on));
    };
    mark();
    pack(host_, on, Hot::whole_day);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.late_process_days"), 0);
    mark();
    HeldLock host{database_, "SELECT FROM monitoring.hosts FOR UPDATE"};
    auto packing = std::async(std::launch::async, [&] { pack(host_, on, Hot::whole_day); });
    host.wait_for_waiter();
    mark();
    host.commit();
    packing.get();
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.late_process_days"), 1);
}

TEST_F(SealedProcesses, OnlyTheLeaderPacks) {
    const auto on = day(3);
    fill(host_, on, 5);
    epoch_ += 1;
    EXPECT_THROW(pack(host_, on, Hot::whole_day), LeadershipLost);
}

}  // namespace
}  // namespace chorus::store
