// Days that were packed before migration 0029 say the same after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aggregator/schema/migrator.h"
#include "aggregator/sealed/sealed_rows.h"
#include "test_database.h"

namespace chorus::store {
namespace {

// Five batches in hours 0 to 2 of one host, and none on the other day. Series 1 has gaps, and none
// in hour 2; series 2 is constant, series 3 has no gaps, series 4 is plain, series 5 has one value.
constexpr const char* kPackedBefore = R"sql(
INSERT INTO monitoring.hosts (hostname) VALUES ('web-1');
INSERT INTO monitoring.series (metric_type, label, unit)
SELECT 'metric_' || n, '', '' FROM generate_series(1, 5) AS n;
INSERT INTO monitoring.sealed_days (day) VALUES ('2026-01-02'), ('2026-01-03');
SELECT monitoring.ensure_sealed_partitions(day) FROM monitoring.sealed_days;
INSERT INTO monitoring.sealed_batches VALUES
    ('2026-01-02', 1, ARRAY[2, 2, 1] || array_fill(0, ARRAY[21]),
     ARRAY['2026-01-02 00:00:01Z', '2026-01-02 00:59:59.999999Z', '2026-01-02 01:00Z',
           '2026-01-02 01:30Z', '2026-01-02 02:10:00.000001Z']::timestamptz[],
     '{5, -3, 5, 90061000000, 7}', '{1, -1, 9223372036854775807, -9223372036854775808, 4294967298}',
     '{1, 1, 1, 1, 1}'),
    ('2026-01-03', 1, array_fill(0, ARRAY[24]), '{}', '{}', '{}', '{}');
INSERT INTO monitoring.sealed_series VALUES
    ('2026-01-02', 1, 1, 3, 10, ARRAY[5, 7, NULL] || array_fill(NULL::bigint, ARRAY[21]),
     ARRAY[9, 7, NULL] || array_fill(NULL::bigint, ARRAY[21]),
     ARRAY[4, 0, NULL] || array_fill(NULL::bigint, ARRAY[21]),
     ARRAY[2, 1, 0] || array_fill(0, ARRAY[21]), B'00010010', NULL),
    ('2026-01-02', 2, 1, 1, 4, '{-29}', NULL, NULL, NULL, NULL, NULL),
    ('2026-01-02', 3, 1, 1024, 1, ARRAY[-1, 3, 2] || array_fill(NULL::bigint, ARRAY[21]),
     ARRAY[2, 3, 2] || array_fill(NULL::bigint, ARRAY[21]),
     ARRAY[3, 0, 0] || array_fill(NULL::bigint, ARRAY[21]), NULL, B'0011', NULL),
    ('2026-01-02', 4, 1, 1, 1, NULL, NULL, NULL, NULL, NULL, '{1.5, NULL, 3e-9, 4, 0.1}'),
    ('2026-01-02', 5, 1, 1, 1, ARRAY[NULL, 8] || array_fill(NULL::bigint, ARRAY[22]),
     ARRAY[NULL, 8] || array_fill(NULL::bigint, ARRAY[22]),
     ARRAY[NULL, 0] || array_fill(NULL::bigint, ARRAY[22]),
     ARRAY[0, 1] || array_fill(0, ARRAY[22]), B'10', NULL)
)sql";

std::vector<std::string> lines(Session& session, const std::string& sql) {
    std::vector<std::string> list;
    for (const auto row : session.execute_once(sql)) list.emplace_back(row.text(0));
    return list;
}

std::vector<std::string> samples(Session& session) {
    return lines(session, "SELECT m::text FROM monitoring.system_metrics_sealed m ORDER BY 1");
}

std::vector<std::string> heads_of_hours(Session& session) {
    return lines(session, "SELECT m::text FROM monitoring.system_metric_hours m ORDER BY 1");
}

class LighterPackedDays : public testing::Test {
  protected:
    LighterPackedDays() {
        const auto all = embedded_migrations();
        const auto before = std::ranges::find(all, 29, &Migration::version) - all.begin();
        Migrator{database_, all.first(static_cast<std::size_t>(before))}.apply();
        session_->execute_script(kPackedBefore);
        samples_ = samples(*session_);
        hours_ = heads_of_hours(*session_);
        Migrator{database_}.apply();
    }

    TestDatabase test_database_;
    Database database_{test_database_.options()};
    Database::Lease session_ = database_.acquire();
    std::vector<std::string> samples_, hours_;
};

TEST_F(LighterPackedDays, HaveTheSameSamplesAndHours) {
    ASSERT_EQ(samples_.size(), 3U + 5U + 5U + 4U + 1U);
    EXPECT_EQ(samples(*session_), samples_);
    ASSERT_EQ(hours_.size(), 2U + 3U + 3U + 3U + 1U);
    EXPECT_EQ(heads_of_hours(*session_), hours_);
}

TEST_F(LighterPackedDays, AreReadByTheProgram) {
    const auto batches = session_->execute_once("SELECT batches, " + std::string{kBatchColumns} +
                                                " FROM monitoring.sealed_batches ORDER BY day");
    const auto stored = read_batches(batches[0], 1);
    using us = std::chrono::microseconds;
    EXPECT_THAT(stored.delays,
                testing::ElementsAre(us{5}, us{-3}, us{5}, us{90'061'000'000}, us{7}));
    EXPECT_THAT(stored.hashes, testing::ElementsAre(1, -1, -1, 0, 2));
    EXPECT_TRUE(read_batches(batches[1], 1).times.empty());
    const auto starts = read_hours(batches[0], 0);
    const std::vector<std::vector<double>> expected{
        {1.5, 2.7, kNoSample, 2.1, kNoSample},
        {-7.25, -7.25, -7.25, -7.25, -7.25},
        {-1'024, 2'048, 3'072, 3'072, 2'048},
        {1.5, kNoSample, 3e-9, 4, 0.1},
        {kNoSample, kNoSample, kNoSample, 8, kNoSample}};
    std::size_t at = 0;
    for (const auto row :
         session_->execute_once("SELECT " + std::string{kSeriesColumns} +
                                " FROM monitoring.sealed_series ORDER BY series_id")) {
        SCOPED_TRACE(at);
        const auto series = read_series(row, 0, starts);
        std::vector<double> values;
        unpack_hours(series, starts, 0, kHoursOfDay, values);
        EXPECT_THAT(values, testing::Pointwise(testing::NanSensitiveDoubleEq(), expected.at(at++)));
        const auto day = rollup_day(series, starts);
        const auto read = read_day(row, 0);
        if (!read) continue;
        EXPECT_EQ(read->minimum, day.minimum);
        EXPECT_EQ(read->maximum, day.maximum);
        EXPECT_DOUBLE_EQ(read->sum, day.sum);
        EXPECT_EQ(read->count, day.count);
    }
    EXPECT_EQ(at, expected.size());
}

}  // namespace
}  // namespace chorus::store
