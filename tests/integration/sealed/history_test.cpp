// Hours and days that are kept for years are those of the rows that were packed, whatever came
// late, however often the work was cut off, and also of days that an older version has packed.
#include "aggregator/schema/retention.h"
#include "aggregator/sealed/hour_codec.h"
#include "tests/integration/sealed/sealing_fixture.h"

namespace chorus::store {
namespace {

// Host, metric with its label, and hour or day.
using Place = std::tuple<std::int32_t, std::string, Timestamp>;
using Rollups = std::map<Place, HourRollup>;

class History : public Sealing {
  protected:
    // Remembers what lies in system_batches now, which a run may take away.
    void remember() {
        database_.run(
            "CREATE TABLE IF NOT EXISTS raw (LIKE monitoring.system_batches);"
            "INSERT INTO raw SELECT * FROM monitoring.system_batches");
    }
    // Out of the values, by hour or day.
    Rollups recomputed(const std::string& unit) {
        Rollups all;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT host_id, metric_type || label, date_trunc('" + unit +
                 "', ts, 'UTC'), min(value), max(value), sum(value), count(value)"
                 " FROM raw JOIN monitoring.layout_entries e USING (layout_id)"
                 " CROSS JOIN LATERAL (SELECT \"values\"[e.position] AS value) v"
                 " WHERE value IS NOT NULL GROUP BY 1, 2, 3")) {
            all[place(row)] = {row.float8(3), row.float8(4), row.float8(5), row.int8(6)};
        }
        return all;
    }
    Rollups kept_hours() {
        Rollups all;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT host_id, metric_type || label, day::timestamp AT TIME ZONE 'UTC', hours"
                 " FROM monitoring.history_hours JOIN monitoring.series USING (series_id)")) {
            const auto hours = decode_hours(row.bytea(3));
            for (int h = 0; h < kHoursOfDay; ++h) {
                const auto& hour = hours[static_cast<std::size_t>(h)];
                auto [host, series, time] = place(row);
                if (hour.count > 0) all[{host, series, time + std::chrono::hours{h}}] = hour;
            }
        }
        return all;
    }
    Rollups kept_days() {
        Rollups all;
        for (const auto row : database_.pool().acquire()->execute_once(
                 "SELECT host_id, metric_type || label,"
                 " (month + n::int - 1)::timestamp AT TIME ZONE 'UTC', u.minimum, u.maximum, u.sum,"
                 " u.count FROM monitoring.history_days d JOIN monitoring.series USING (series_id)"
                 " CROSS JOIN LATERAL unnest(d.minimum, d.maximum, d.sum, d.counts) WITH"
                 " ORDINALITY AS u (minimum, maximum, sum, count, n) WHERE u.count IS NOT NULL")) {
            all[place(row)] = {row.float8(3), row.float8(4), row.float8(5), row.int8(6)};
        }
        return all;
    }
    static Place place(const Row& row) {
        return {row.int4(0), std::string{row.text(1)}, row.timestamp(2)};
    }
    static void expect_same(const Rollups& kept, const Rollups& expected) {
        ASSERT_EQ(kept.size(), expected.size());
        for (auto a = kept.begin(), b = expected.begin(); a != kept.end(); ++a, ++b) {
            ASSERT_EQ(a->first, b->first);
            ASSERT_EQ(a->second.minimum, b->second.minimum);
            ASSERT_EQ(a->second.maximum, b->second.maximum);
            ASSERT_EQ(a->second.count, b->second.count);
            ASSERT_NEAR(a->second.sum, b->second.sum, std::fabs(b->second.sum) * 1e-12);
        }
    }
    void expect_kept() {
        expect_same(kept_hours(), recomputed("hour"));
        expect_same(kept_days(), recomputed("day"));
        EXPECT_EQ(rows("history_pending"), 0);
    }
    RetentionOutcome clean_up(const Retention& retention) {
        const SystemClock clock;
        Partitions partitions{database_.pool(), clock, retention};
        return RetentionJob{database_.pool(), clock, partitions, retention}.run(epoch_, true);
    }
};

TEST_F(History, HoursAndDaysAreThoseOfTheRowsWhateverCameLate) {
    for (const int ago : {40, 33, 4, 3}) {
        for (const auto host : hosts_) fill(host, day(ago), ago == 4 ? 3 : 400);
    }
    remember();
    run();
    ASSERT_EQ(moved(), 4);
    expect_kept();
    for (const int ago : {40, 4}) {
        fill(hosts_[0], day(ago), 50);
        mark_late(hosts_[0], day(ago));
    }
    remember();
    run();
    ASSERT_EQ(rows("system_batches"), 0);
    expect_kept();
}

TEST_F(History, ADayThatIsPackedInSlicesIsTheSame) {
    const auto on = day(3);
    fill(hosts_[0], on, 100);
    remember();
    pack(hosts_[0], on, 100);
    expect_kept();
    fill(hosts_[0], on, 100);
    database_.run("DROP TABLE raw");
    remember();
    pack(hosts_[0], on, 200);
    expect_kept();
}

TEST_F(History, WhatWasCutOffLeavesItAsItWas) {
    const auto on = day(3);
    fill(hosts_[0], on, 100);
    remember();
    run();
    day(3);
    fill(hosts_[0], on, 20);
    mark_late(hosts_[0], on);
    {
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        ASSERT_TRUE(pack_host_day(*session, epoch_, hosts_[0], on, Hot::late));
    }
    expect_kept();
    remember();
    run();
    expect_kept();
}

TEST_F(History, DaysThatAnOlderVersionHasPackedAreFilled) {
    for (const int ago : {5, 4}) {
        for (const auto host : hosts_) fill(host, day(ago), 200);
    }
    remember();
    run();
    // As an upgrade finds it, and as a version that knows nothing of history goes on.
    database_.run(
        "TRUNCATE monitoring.history_hours, monitoring.history_days;"
        "INSERT INTO monitoring.history_pending SELECT day, host_id FROM monitoring.sealed_batches"
        " WHERE host_id = " +
        std::to_string(hosts_[0]) +
        ";"
        "CREATE TABLE other AS SELECT * FROM monitoring.sealed_batches WHERE host_id = " +
        std::to_string(hosts_[1]) +
        ";"
        "DELETE FROM monitoring.sealed_batches WHERE host_id = " +
        std::to_string(hosts_[1]) + ";INSERT INTO monitoring.sealed_batches SELECT * FROM other");
    ASSERT_EQ(rows("history_pending"), 4);
    int asked = 0;
    SealJob{database_.pool(), {.cpu_percent = 100}, [&] { return ++asked > 4; }}.run(epoch_);
    ASSERT_GT(rows("history_pending"), 0);
    ASSERT_LT(rows("history_pending"), 4);
    run();
    expect_kept();
}

TEST_F(History, ADamagedDayDoesNotKeepOthersFromTheirHistory) {
    const auto on = day(3);
    for (const auto host : hosts_) fill(host, on, 20);
    run();
    database_.run(
        "INSERT INTO monitoring.history_pending SELECT day, host_id FROM monitoring.sealed_batches;"
        "UPDATE monitoring.sealed_batches SET batches = '{}' WHERE host_id = " +
        std::to_string(hosts_[0]));
    EXPECT_EQ(run().failed, 1U);
    EXPECT_EQ(database_.number("SELECT host_id FROM monitoring.history_pending"), hosts_[0]);
}

TEST_F(History, StaysWhenTheValuesGoAndGoesByMonthsAndYears) {
    for (const int ago : {800, 5}) {
        day(ago);
        fill(hosts_[0], day(ago), 20);
    }
    remember();
    run();
    clean_up({.system = days{3}});
    EXPECT_EQ(rows("sealed_series"), 0);
    EXPECT_EQ(rows("history_past"), 2);
    expect_kept();
    clean_up({.system = days{3}, .hourly = days{700}});
    EXPECT_EQ(database_.number("SELECT count(DISTINCT day) FROM monitoring.history_hours"), 1);
    expect_same(kept_days(), recomputed("day"));
    EXPECT_GT(rows("series"), 0) << "days still have the names";
    clean_up({.system = days{3}, .hourly = days{3}, .daily = days{3}});
    EXPECT_EQ(rows("history_past"), 0);
    const Retention for_ever{.system = days{3}, .hourly = {}, .daily = {}};
    EXPECT_TRUE(clean_up(for_ever).dropped_partitions.empty());
}

TEST_F(History, ALateBatchOfADayWhoseValuesAreGoneDoesNotStandForTheDay) {
    fill(hosts_[0], day(5), 20);
    remember();
    run();
    clean_up({.system = days{3}});
    ASSERT_EQ(rows("history_past"), 1);
    const auto on = day(5);
    fill(hosts_[0], on, 5);
    EXPECT_EQ(run().hosts, 0U);
    EXPECT_EQ(moved(), 0);
    expect_kept();
}

TEST_F(History, IsKeptAsLongAsTheValuesAre) {
    fill(hosts_[0], day(800), 20);
    remember();
    run();
    const Retention shorter{
        .system = days{900}, .process = {}, .hourly = days{3}, .daily = days{3}};
    EXPECT_TRUE(clean_up(shorter).dropped_partitions.empty());
    const Retention for_ever{.system = {}, .process = {}, .hourly = days{3}, .daily = days{3}};
    EXPECT_TRUE(clean_up(for_ever).dropped_partitions.empty());
    expect_kept();
}

TEST_F(History, ADayIsNotDroppedBeforeItCanBePacked) {
    fill(hosts_[0], day(5), 20);
    database_.run("UPDATE monitoring.layouts SET last_used_day = current_date - 5");
    clean_up({.system = days{1}});
    EXPECT_EQ(rows("system_batches"), 20);
    EXPECT_EQ(rows("layouts"), 2) << "the rows need them";
    fill(hosts_[0], day(7), 20);
    clean_up({.system = days{1}});
    EXPECT_EQ(rows("system_batches"), 20);
}

}  // namespace
}  // namespace chorus::store
