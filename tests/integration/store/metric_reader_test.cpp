// Metrics, latest values and the points of charts as the API reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "aggregator/history/latest_reader.h"
#include "aggregator/history/sample_id.h"
#include "aggregator/history/series_reader.h"
#include "aggregator/history/summary_reader.h"
#include "readers_fixture.h"

namespace chorus::store {
namespace {

using testing::ElementsAre;

std::vector<double> values_of(const std::vector<MetricRow>& rows) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row.value);
    return values;
}

TEST_F(Readers, MetricsAreFilteredAndNewestFirst) {
    MetricQuery query;
    query.hostname = "web-01";
    query.metric_type = "cpu_usage_percent";
    const auto rows = metrics_.find(query);
    EXPECT_THAT(values_of(rows), ElementsAre(3001, 2001, 1001));  // the unreadable one is left out
    EXPECT_EQ(rows[0].time, at("2026-01-02T10:01:00Z"));
    EXPECT_EQ(rows[0].created_at, at("2026-01-02T10:01:01Z"));
    EXPECT_EQ(rows[0].hostname, "web-01");
    EXPECT_EQ(rows[0].unit, "percent");
    EXPECT_EQ(rows[0].tags_json, "{}");
    query.ascending = true;
    EXPECT_THAT(values_of(metrics_.find(query)), ElementsAre(1001, 2001, 3001));
    query.start = at("2026-01-02T10:00:30Z");
    query.end = at("2026-01-02T10:01:00Z");
    EXPECT_THAT(values_of(metrics_.find(query)), ElementsAre(2001, 3001));  // both ends included
    query.limit = 1;
    query.offset = 1;
    EXPECT_THAT(values_of(metrics_.find(query)), ElementsAre(3001));
    EXPECT_EQ(metrics_.count(query), 2);
}

TEST_F(Readers, TagsSelectBreakdowns) {
    MetricQuery query;
    query.hostname = "web-01";
    query.tags = {{"mountpoint", "/var"}};
    query.limit = 2;
    const auto rows = metrics_.find(query);
    EXPECT_THAT(values_of(rows), ElementsAre(3, 3003));
    EXPECT_EQ(rows[0].tags_json, R"({"mountpoint": "/var"})");
    query.tags = {{"mountpoint", "/var"}, {"device", "sda"}};
    EXPECT_TRUE(metrics_.find(query).empty());
}

TEST_F(Readers, UnknownNamesGiveNothing) {
    MetricQuery query;
    query.hostname = "no such host";
    EXPECT_TRUE(metrics_.find(query).empty());
    EXPECT_EQ(metrics_.count(query), 0);
    query.hostname.reset();
    query.metric_type = "'; DROP TABLE monitoring.hosts; --";
    EXPECT_TRUE(metrics_.find(query).empty());
}

TEST_F(Readers, CursorPagesSeeEveryRowOnceInBothOrders) {
    for (const bool ascending : {false, true}) {
        MetricQuery query;
        query.ascending = ascending;
        const auto all = metrics_.find(query);
        ASSERT_EQ(all.size(), 20U);  // 7 batches of 3, one value of them unreadable
        query.limit = 3;
        std::vector<Uuid> seen;
        for (auto page = metrics_.find(query); !page.empty(); page = metrics_.find(query)) {
            for (const auto& row : page) seen.push_back(row.id);
            query.after = page.back().cursor;
        }
        std::vector<Uuid> expected;
        for (const auto& row : all) expected.push_back(row.id);
        EXPECT_EQ(seen, expected);
    }
}

TEST_F(Readers, IdentifiersAreThoseOfTheView) {
    MetricQuery query;
    for (const auto& row : metrics_.find(query)) {
        EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_metrics WHERE id = '" +
                                   row.id.to_string() +
                                   "' AND metric_value = " + std::to_string(row.value)),
                  1);
    }
    EXPECT_EQ(sample_id(at("2026-01-02T03:04:05.123456Z"), 7, SampleKind::process, 3).to_string(),
              database_.text(
                  "SELECT monitoring.sample_id('2026-01-02 03:04:05.123456+00', 7, 1, 3)::text"));
    EXPECT_EQ(
        sample_id(at("1970-01-01T00:00:00Z"), 2147483647, SampleKind::system, 10'000).to_string(),
        database_.text(
            "SELECT monitoring.sample_id('1970-01-01 00:00:00+00', 2147483647, 0, 10000)::text"));
}

TEST_F(Readers, LatestBatchOfEachHost) {
    const LatestReader latest{database_.pool()};
    // Far enough back for the fixed times of this test.
    const auto age = std::chrono::hours{24 * 365 * 50};
    const auto all = latest.all(age);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].hostname, "db-01");
    EXPECT_EQ(all[0].value("cpu_usage_percent"), 3001);
    EXPECT_EQ(all[0].layout, all[1].layout);
    EXPECT_EQ(all[1].time, at("2026-01-02T10:01:30Z"));
    EXPECT_EQ(all[1].value("cpu_usage_percent"), std::nullopt);
    EXPECT_EQ(all[1].value("disk_usage_percent"), 2);
    EXPECT_EQ(all[1].process_count, std::nullopt);
    EXPECT_EQ(latest.of("web-01", age)->time, at("2026-01-02T10:01:30Z"));
    EXPECT_FALSE(latest.of("no such host", age));
    EXPECT_TRUE(latest.all(std::chrono::seconds{0}).empty());
}

TEST_F(Readers, SummaryCountsWholeHostMetricsOnly) {
    SummaryReader reader{database_.pool()};
    const auto lines = reader.read(std::string{"web-01"}, at("2026-01-02T10:00:30Z"));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].metric_type, "cpu_usage_percent");
    EXPECT_EQ(lines[0].average, 2501);
    EXPECT_EQ(lines[0].maximum, 3001);
    EXPECT_EQ(lines[0].minimum, 2001);
    EXPECT_EQ(lines[0].count, 2);
    EXPECT_EQ(lines[1].metric_type, "disk_usage_percent");
    EXPECT_EQ(lines[1].count, 3);
    EXPECT_EQ(reader.read(std::nullopt, at("2026-01-02T10:00:00Z")).size(), 4U);
    EXPECT_TRUE(reader.read(std::string{"nobody"}, at("2026-01-02T10:00:00Z")).empty());
}

TEST_F(Readers, SeriesAreColumnsWithGaps) {
    const SeriesReader reader{database_.pool()};
    SeriesQuery query;
    query.hostname = "web-01";
    query.metric_types = {"disk_usage_percent", "cpu_usage_percent"};
    query.start = at("2026-01-02T10:00:00Z");
    query.end = at("2026-01-02T10:02:00Z");
    query.max_points = 5;
    const auto answer = reader.read(query);
    EXPECT_EQ(answer.step_seconds, 30);
    ASSERT_EQ(answer.times.size(), 5U);
    EXPECT_EQ(answer.times[1] - answer.times[0], 30);
    ASSERT_EQ(answer.series.size(), 3U);
    EXPECT_EQ(answer.series[0].metric_type, "cpu_usage_percent");
    EXPECT_EQ(answer.series[0].unit, "percent");
    EXPECT_EQ(answer.series[2].label, "/var");
    EXPECT_EQ(answer.series[2].tags_json, R"({"mountpoint": "/var"})");
    EXPECT_THAT(answer.series[0].average,
                ElementsAre(1001, 2001, 3001, testing::IsNan(), testing::IsNan()));
    query.max_points = 1;
    query.label = "";
    query.metric_types = {"cpu_usage_percent"};
    const auto one = reader.read(query);
    ASSERT_EQ(one.series.size(), 1U);
    EXPECT_THAT(one.series[0].average, ElementsAre(2001));
    EXPECT_THAT(one.series[0].minimum, ElementsAre(1001));
    EXPECT_THAT(one.series[0].maximum, ElementsAre(3001));
}

TEST(StepSeconds, GivesNeverMoreThanMaxPoints) {
    for (const auto range : {1, 60, 3'600, 86'400, 604'800, 31'536'000}) {
        for (const int points : {1, 2, 10, 300, 5'000}) {
            const auto start = at("2026-01-02T10:00:07Z");
            const auto end = start + std::chrono::seconds{range};
            const auto step = step_seconds(start, end, points);
            const auto count = to_unix_micros(end) / 1'000'000 / step -
                               to_unix_micros(start) / 1'000'000 / step + 1;
            EXPECT_GE(step, 1);
            // A range across a boundary needs two steps, however long they are.
            EXPECT_LE(count, std::max(points, 2)) << range << " s in " << points;
        }
    }
}

}  // namespace
}  // namespace chorus::store
