// Conditions of SQL users reach the partitions and primary keys of packed days before anything is
// unpacked, and what asks for the newest minutes does not look at packed days.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/history/fleet_series_reader.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using testing::ElementsAre;

using Names = std::vector<std::string>;

// 20 hosts with 60 series of one value, over 4 packed days, and a batch each minute of a fifth day.
class SealedPlans : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        database_ = std::make_unique<FilledDatabase>();
        std::vector<FilledDatabase::Entry> entries;
        for (int i = 1; i <= 30; ++i) {
            for (const auto* label : {"", "sda"}) {
                entries.push_back({"metric_" + std::to_string(i), label, "count"});
            }
        }
        const auto layout = database_->add_layout(entries);
        for (int i = 1; i <= 20; ++i) {
            database_->add_batches(database_->add_host("web-" + std::to_string(i)), layout, 60,
                                   "2026-01-05 00:00:00+00", 60, 60);
        }
        database_->run(R"sql(
INSERT INTO monitoring.series (metric_type, label, unit)
SELECT metric_type, label, unit FROM monitoring.layout_entries;
INSERT INTO monitoring.sealed_days (day)
SELECT date '2026-01-01' + n FROM generate_series(0, 3) AS n;
SELECT monitoring.ensure_sealed_partitions(day) FROM monitoring.sealed_days;
INSERT INTO monitoring.sealed_batches
    (day, host_id, batches, times, delay_low, delays, hashes, layout_ids)
SELECT d.day, h.host_id, array_fill(60, ARRAY[24]), t.times, 0, B'', array_fill(0, ARRAY[1440]),
       array_fill(1, ARRAY[1440])
FROM monitoring.sealed_days d
CROSS JOIN LATERAL (
    SELECT array_agg((d.day + n * interval '1 minute') AT TIME ZONE 'UTC' ORDER BY n) AS times
    FROM generate_series(0, 1439) AS n) t
CROSS JOIN monitoring.hosts h;
INSERT INTO monitoring.sealed_series
    (day, series_id, host_id, multiplier, divisor, low, high, sum, count)
SELECT d.day, n.series_id, h.host_id, 1, 1, h.host_id, h.host_id, 1440 * h.host_id, 1440
FROM monitoring.sealed_days d, monitoring.series n, monitoring.hosts h;
)sql");
        database_->pool().acquire()->execute_once("VACUUM ANALYZE");
    }
    static void TearDownTestSuite() { database_.reset(); }

    // Of the parts of an executed plan that `path` finds, a line each: name, how often it ran, and
    // how many rows it read a time, with those that a condition threw away.
    static Names executed(const std::string& sql, const std::string& path) {
        const auto session = database_->pool().acquire();
        // Tables of a few pages are read whole where larger ones are not.
        session->execute_script("SET enable_seqscan = off");
        const auto plan =
            session->execute_once("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) " + sql);
        Names names;
        for (const auto row :
             session->execute_once(R"sql(
SELECT concat_ws(' ', coalesce(q ->> 'Relation Name', q ->> 'Alias'), 'x', q ->> 'Actual Loops', 'rows',
                 (q ->> 'Actual Rows')::int + coalesce((q ->> 'Rows Removed by Filter')::int, 0))
FROM jsonb_path_query($1, $2::text::jsonpath) q WHERE (q ->> 'Actual Loops')::int > 0 ORDER BY 1
)sql",
                                   Parameters{}.json(plan[0].text(0)).text(path))) {
            names.emplace_back(row.text(0));
        }
        return names;
    }
    static Names scans(const std::string& sql) {
        return executed(sql, R"(strict $.** ? (@."Relation Name" like_regex "_\\d{8}$"))");
    }
    // Hours whose values were unpacked.
    static Names unpacked(const std::string& sql) {
        return executed(sql, R"(strict $.** ? (@."Alias" == "packed"))");
    }

    // What a pool with one session has read and written.
    struct Use {
        std::int64_t packed_rows = 0;
        std::int64_t temporary_bytes = 0;
    };
    static Use use_of(Database& pool) {
        const auto session = pool.acquire();
        session->execute_once("SELECT pg_stat_force_next_flush()");
        session->execute_once("SELECT pg_stat_clear_snapshot()");
        const auto found = session->execute_once(R"sql(
SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
        WHERE relname ~ '^(sealed_batches|sealed_series)_\d{8}$'),
       (SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database())
)sql");
        return {found[0].int8(0), found[0].int8(1)};
    }

    static std::unique_ptr<FilledDatabase> database_;
};
std::unique_ptr<FilledDatabase> SealedPlans::database_;

TEST_F(SealedPlans, NewestMinutesTouchNoPackedDay) {
    EXPECT_THAT(scans("SELECT * FROM monitoring.system_metrics WHERE timestamp >"
                      " timestamptz '2026-01-05 01:00+00' - interval '5 min'"),
                ElementsAre("system_batches_20260105 x 1 rows 80"));
    EXPECT_THAT(scans("SELECT * FROM monitoring.metric_series('metric_7', '2026-01-05 00:56+00',"
                      " '2026-01-05 01:00+00')"),
                ElementsAre("system_batches_20260105 x 1 rows 80"));
}

TEST_F(SealedPlans, ADayOfOneSeriesReadsItsRowsAlone) {
    const auto rows =
        ElementsAre("sealed_batches_20260102 x 1 rows 1", "sealed_series_20260102 x 1 rows 1");
    const std::string view =
        "SELECT * FROM monitoring.system_metrics_sealed WHERE day = '2026-01-02' AND hostname ="
        " 'web-3' AND metric_type = 'metric_7' AND label = 'sda'";
    EXPECT_EQ(database_->number("SELECT count(*) FROM (" + view + ") v"), 1440);
    EXPECT_THAT(scans(view), rows);
    EXPECT_THAT(unpacked(view), ElementsAre("packed x 24 rows 60"));
    EXPECT_THAT(unpacked(view + " AND hour = '2026-01-02 05:00+00'"),
                ElementsAre("packed x 1 rows 60"));
    EXPECT_THAT(scans("SELECT * FROM monitoring.system_metric_hours WHERE day = '2026-01-02' AND"
                      " hostname = 'web-3' AND metric_type = 'metric_7' AND label = 'sda'"),
                rows);
}

TEST_F(SealedPlans, ASeriesOfTwoDaysReadsThoseAndUnpacksTheHoursAskedFor) {
    const std::string series =
        "SELECT * FROM monitoring.metric_series('metric_7', '2026-01-02 22:30+00',"
        " '2026-01-03 00:10+00', 'web-3', 'sda')";
    EXPECT_EQ(database_->number("SELECT count(*) FROM (" + series + ") s"), 101);
    EXPECT_THAT(
        scans(series),
        ElementsAre("sealed_batches_20260102 x 1 rows 1", "sealed_batches_20260103 x 1 rows 1",
                    "sealed_series_20260102 x 1 rows 1", "sealed_series_20260103 x 1 rows 1"));
    EXPECT_THAT(unpacked(series), ElementsAre("packed x 3 rows 60"));
}

TEST_F(SealedPlans, AFleetChartReadsTheRowsOfItsHostsAndWritesNoTemporaryFile) {
    Database pool{database_->options(1)};
    pool.acquire()->execute_script("SET enable_seqscan = off");
    FleetQuery query;
    query.metric_types = {"metric_7"};
    query.label = "sda";
    query.start = at("2026-01-02T22:30:00Z");
    query.end = at("2026-01-03T00:10:00Z");
    const auto read = [&](const std::string& glob, std::size_t series) {
        query.host_glob = glob;
        (void)use_of(pool);
        const auto before = use_of(pool);
        EXPECT_EQ(FleetSeriesReader{pool}.read(query).series.size(), series);
        (void)use_of(pool);
        const auto after = use_of(pool);
        EXPECT_EQ(after.temporary_bytes, before.temporary_bytes);
        return after.packed_rows - before.packed_rows;
    };
    // Each part of the range: the batches, the series, and the batches for its hours.
    EXPECT_EQ(read("web-3", 1), 2 * 3);
    EXPECT_EQ(read("web-1?", 10), 2 * 3 * 10);
    EXPECT_EQ(read("*", 20), 2 * 3 * 20);
}

}  // namespace
}  // namespace chorus::store
