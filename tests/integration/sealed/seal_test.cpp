// Days that are over are packed: every batch comes back bit for bit, whatever came late, and
// however often the work was cut off.
#include "aggregator/sealed/seal_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <tuple>

#include "aggregator/schema/lease.h"
#include "aggregator/schema/retention.h"
#include "aggregator/sealed/host_day.h"
#include "aggregator/sealed/sealed_rows.h"
#include "tests/integration/store/test_database.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using namespace std::chrono_literals;

// A batch as it is stored: key, receipt, hash, layout, and the bits of its values.
using Batch =
    std::tuple<Timestamp, Timestamp, std::int64_t, std::int32_t, std::vector<std::uint64_t>>;
using Batches = std::vector<Batch>;

std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
    std::vector<std::uint64_t> bits;
    for (const double value : values) {
        bits.push_back(std::bit_cast<std::uint64_t>(value == value ? value : kNoSample));
    }
    return bits;
}

class Sealing : public testing::Test {
  protected:
    Sealing() {
        hosts_ = {database_.add_host("web-1"), database_.add_host("db-1")};
        layouts_ = {database_.add_layout({{"cpu_usage_percent", "", "percent"},
                                          {"disk_usage_percent", "/", "percent"},
                                          {"memory_used_mb", "", "mb"}}),
                    database_.add_layout({{"memory_used_mb", "", "mb"},
                                          {"disk_usage_percent", "/var", "percent"},
                                          {"cpu_usage_percent", "", "percent"}})};
        epoch_ = *take_lease(*database_.pool().acquire(), "test", 60s);
    }

    // Some days ago, so that the day is over. Its partitions are there.
    sys_days day(int ago) {
        const auto then = std::chrono::floor<days>(std::chrono::system_clock::now()) - days{ago};
        const auto text = format_timestamp(Timestamp{then}).substr(0, 10);
        database_.run("SELECT monitoring.ensure_partitions('" + text + "', '" + text + "')");
        return then;
    }

    // `count` batches at random moments of the day, of both layouts, some values missing.
    void fill(std::int32_t host, sys_days on, int count) {
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn rows{*session,
                    "monitoring.system_batches"
                    " (host_id, ts, received_at, payload_hash, layout_id, \"values\")"};
        for (int i = 0; i < count; ++i) {
            const auto micros = static_cast<std::int64_t>(random_() % 86'400'000'000ULL);
            const Timestamp time = Timestamp{on} + std::chrono::microseconds{micros};
            const std::vector<double> values{value(100, 100), value(100, 1'000'000),
                                             value(1 << 30, 1'048'576)};
            rows.row(Parameters{}
                         .int4(host)
                         .timestamp(time)
                         .timestamp(time + std::chrono::microseconds{random_() % 5'000'000})
                         .int8(static_cast<std::int64_t>(random_()))
                         .int4(layouts_[random_() % 2])
                         .float8_array_nan_is_null(values));
        }
        rows.finish();
        transaction.commit();
    }
    double value(std::uint64_t most, double divisor) {
        if (random_() % 20 == 0) return kNoSample;
        return static_cast<double>(random_() % (most * 100)) / divisor;
    }
    void mark_late(std::int32_t host, sys_days on) {
        database_.pool().acquire()->execute_once(
            "INSERT INTO monitoring.late_days (host_id, day) VALUES ($1, $2)"
            " ON CONFLICT DO NOTHING",
            Parameters{}.int4(host).date(on));
    }

    Batches hot(std::int32_t host, sys_days on) {
        Batches batches;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT ts, received_at, payload_hash, layout_id, \"values\""
                 " FROM monitoring.system_batches WHERE host_id = $1 AND ts >= $2 AND ts < $3"
                 " ORDER BY ts",
                 Parameters{}
                     .int4(host)
                     .timestamp(Timestamp{on})
                     .timestamp(Timestamp{on + days{1}}))) {
            batches.emplace_back(row.timestamp(0), row.timestamp(1), row.int8(2), row.int4(3),
                                 bits_of(row.float8_array(4)));
        }
        return batches;
    }
    Batches packed(std::int32_t host, sys_days on);
    std::int64_t moved() { return database_.number("SELECT count(*) FROM monitoring.sealed_days"); }
    SealOutcome run() {
        return SealJob{database_.pool(), {.cpu_percent = 100}, [] { return false; }}.run(epoch_);
    }

    FilledDatabase database_;
    std::vector<std::int32_t> hosts_, layouts_;
    std::int64_t epoch_ = 0;
    std::mt19937_64 random_{7};
};

// Puts the day together again out of what is packed.
Batches Sealing::packed(std::int32_t host, sys_days on) {
    const auto session = database_.pool().acquire();
    const auto key = Parameters{}.date(on).int4(host);
    const auto stored = session->execute_once(
        "SELECT batches, times, delays, hashes, layout_ids FROM monitoring.sealed_batches"
        " WHERE day = $1 AND host_id = $2",
        key);
    if (stored.empty()) return {};
    const auto batches = read_batches(stored[0], 1);
    const auto hours = read_hours(stored[0], 0);
    std::map<std::int32_t, std::vector<double>> series;
    for (const auto row : session->execute_once(
             "SELECT series_id, multiplier, divisor, low, high, total, counts, bits, plain"
             " FROM monitoring.sealed_series WHERE day = $1 AND host_id = $2",
             key)) {
        unpack_hours(read_series(row, 1, hours), hours, 0, kHoursOfDay, series[row.int4(0)]);
    }
    std::map<std::int32_t, std::vector<std::int32_t>> layouts;
    for (const auto row : session->execute_once(
             "SELECT e.layout_id, s.series_id FROM monitoring.layout_entries e JOIN"
             " monitoring.series s USING (metric_type, label, unit) ORDER BY 1, e.position")) {
        layouts[row.int4(0)].push_back(row.int4(1));
    }
    Batches result;
    for (std::size_t i = 0; i < batches.times.size(); ++i) {
        std::vector<double> values;
        for (const auto id : layouts[batches.layout_ids[i]]) {
            const auto found = series.find(id);
            values.push_back(found == series.end() ? kNoSample : found->second[i]);
        }
        result.emplace_back(batches.times[i], batches.times[i] + batches.delays[i],
                            batches.hashes[i], batches.layout_ids[i], bits_of(values));
    }
    return result;
}

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

TEST_F(Sealing, TodayStaysAsItIs) {
    const auto today = day(0);
    fill(hosts_[0], today, 10);
    EXPECT_EQ(run().days, 0U);
    EXPECT_EQ(hot(hosts_[0], today).size(), 10U);
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
    {
        auto session = database_.pool().acquire();
        session->execute_once("SELECT monitoring.ensure_sealed_partitions($1)",
                              Parameters{}.date(on));
        Transaction transaction{*session};
        pack_host_day(*session, hosts_[0], on, Hot::whole_day);
        transaction.commit();
    }
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
    {
        auto session = database_.pool().acquire();
        session->execute_once("SELECT monitoring.ensure_sealed_partitions($1)",
                              Parameters{}.date(on));
        Transaction transaction{*session};
        pack_host_day(*session, hosts_[0], on, Hot::whole_day);
        transaction.commit();
    }
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
    auto session = database_.pool().acquire();
    session->execute_once("SELECT monitoring.ensure_sealed_partitions($1)", Parameters{}.date(on));
    Transaction transaction{*session};
    const auto done = pack_host_day(*session, hosts_[0], on, Hot::whole_day, 150);
    transaction.commit();
    EXPECT_EQ(done.series, 4U);
    EXPECT_EQ(packed(hosts_[0], on), before);
}

TEST_F(Sealing, RetentionDropsPackedDays) {
    const auto old = day(4), kept = day(2);
    for (const auto on : {old, kept}) fill(hosts_[0], on, 20);
    run();
    ASSERT_EQ(moved(), 2);
    mark_late(hosts_[0], old);
    const SystemClock clock;
    const Retention retention{.system = days{3}};
    Partitions partitions{database_.pool(), clock, retention};
    const auto outcome =
        RetentionJob{database_.pool(), clock, partitions, retention}.run(epoch_, true);
    EXPECT_EQ(outcome.system_batches_deleted, 20);
    EXPECT_EQ(moved(), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.late_days"), 0);
    EXPECT_TRUE(packed(hosts_[0], old).empty());
    EXPECT_EQ(packed(hosts_[0], kept).size(), 20U);
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
