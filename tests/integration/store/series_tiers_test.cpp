// A chart is the same once the values of its days are gone, by hours and then by days.
#include <gtest/gtest.h>

#include <cmath>

#include "aggregator/history/series_reader.h"
#include "aggregator/schema/retention.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

class SeriesTiers : public SealedStore {
  protected:
    SeriesAnswer chart(Timestamp start, int points, const std::string& host = "web-1") {
        SeriesQuery query;
        query.hostname = host;
        query.metric_types = {"cpu_usage_percent", "disk_usage_percent", "memory_used_mb"};
        query.start = start;
        query.end = now_;
        query.max_points = points;
        return SeriesReader{database_.pool()}.read(query);
    }
    // Values are kept for a day: those of the two oldest days go.
    void clean_up() {
        const SystemClock clock;
        const Retention retention{.system = days{1}};
        Partitions partitions{database_.pool(), clock, retention};
        RetentionJob{database_.pool(), clock, partitions, retention}.run({}, true);
        ASSERT_EQ(database_.number("SELECT count(*) FROM monitoring.sealed_days"), 1);
        ASSERT_EQ(database_.number("SELECT count(*) FROM monitoring.history_past"), 2);
    }
    void drop_hours() {
        const auto session = database_.pool().acquire();
        for (const auto row : session->execute_once(
                 "SELECT partition FROM monitoring.batch_partitions('history_hours')")) {
            database_.run("DROP TABLE monitoring." + std::string{row.text(0)});
        }
    }
    static void expect_same(const SeriesAnswer& a, const SeriesAnswer& b) {
        ASSERT_EQ(a.step_seconds, b.step_seconds);
        ASSERT_EQ(a.times, b.times);
        ASSERT_EQ(a.series.size(), b.series.size());
        for (std::size_t i = 0; i < a.series.size(); ++i) {
            const auto &x = a.series[i], &y = b.series[i];
            ASSERT_EQ(x.metric_type, y.metric_type);
            ASSERT_EQ(x.label, y.label);
            ASSERT_EQ(x.tags_json, y.tags_json);
            ASSERT_EQ(x.unit, y.unit);
            expect_near(x.minimum, y.minimum, 0);
            expect_near(x.maximum, y.maximum, 0);
            expect_near(x.average, y.average, 1e-12);
        }
    }
    static void expect_near(const std::vector<double>& a, const std::vector<double>& b,
                            double share) {
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            ASSERT_EQ(a[i] == a[i], b[i] == b[i]) << i;
            if (a[i] != a[i]) continue;
            ASSERT_NEAR(a[i], b[i], std::fabs(a[i]) * share) << i;
        }
    }
};

TEST_F(SeriesTiers, ChartsByDaysComeFromDaysInEachState) {
    in_each_state([&] { return chart(today_ - days{kDays} + minutes{70}, 4); },
                  [](const SeriesAnswer& expected, const SeriesAnswer& got) {
                      EXPECT_EQ(expected.step_seconds, 86'400);
                      expect_same(expected, got);
                  });
}

TEST_F(SeriesTiers, HoursSayTheSameOnceTheValuesAreGone) {
    const auto start = today_ - days{kDays};
    const auto by_hours = chart(start, 100), by_days = chart(start, 4);
    const auto from_an_hour = chart(start + hours{5}, 100);
    ASSERT_EQ(by_hours.step_seconds, 3'600);
    ASSERT_EQ(pack(), kDays);
    EXPECT_EQ(chart(start, 1'000).tier, Tier::raw);
    clean_up();
    const auto fine = chart(start, 5'000);
    EXPECT_EQ(fine.tier, Tier::hours);
    expect_same(fine, by_hours);
    expect_same(chart(start, 4), by_days);
    expect_same(chart(start + hours{5} + minutes{20}, 5'000), from_an_hour);
    EXPECT_EQ(chart(today_ - days{1}, 5'000).tier, Tier::raw);
}

TEST_F(SeriesTiers, DaysSayTheSameOnceTheHoursAreGone) {
    const auto start = today_ - days{kDays};
    const auto by_days = chart(start, 4);
    ASSERT_EQ(by_days.series.size(), 4U);
    pack();
    clean_up();
    drop_hours();
    const auto fine = chart(start, 5'000);
    EXPECT_EQ(fine.tier, Tier::days);
    expect_same(fine, by_days);
    expect_same(chart(start + hours{5}, 5'000), by_days);
}

// Layouts go with the values.
TEST_F(SeriesTiers, AHostThatIsSilentForLongHasItsHistory) {
    database_.run("DELETE FROM monitoring.system_batches WHERE ts >= '" +
                  format_timestamp(today_ - days{1}) + "'");
    const auto start = today_ - days{kDays};
    const auto before = chart(start, 100, "db-1");
    pack();
    clean_up();
    database_.run("DELETE FROM monitoring.layouts");
    expect_same(chart(start, 5'000, "db-1"), before);
    EXPECT_TRUE(chart(start, 100, "nobody").series.empty());
}

TEST_F(SeriesTiers, ADayThatIsWaitingForItsHistoryIsReadFromItsValues) {
    const auto start = today_ - days{kDays};
    const auto before = chart(start, 4);
    pack();
    database_.run(
        "DELETE FROM monitoring.history_days;"
        "INSERT INTO monitoring.history_pending SELECT day, host_id FROM "
        "monitoring.sealed_batches");
    expect_same(chart(start, 4), before);
}

TEST_F(SeriesTiers, SqlUsersReadDaysAlsoOfThePast) {
    const std::string from_view =
        "SELECT string_agg(concat_ws(' ', day, label, minimum, maximum, round(average::numeric, 6),"
        " count), ',' ORDER BY day, label) FROM monitoring.system_metric_days"
        " WHERE hostname = 'web-1' AND metric_type = 'disk_usage_percent'";
    const auto expected = database_.text(
        "SELECT string_agg(concat_ws(' ', day, label, low, high, round((sum / n)::numeric, 6), n),"
        " ',' ORDER BY day, label) FROM (SELECT (\"timestamp\" AT TIME ZONE 'UTC')::date AS day,"
        " label, min(metric_value) AS low, max(metric_value) AS high, sum(metric_value) AS sum,"
        " count(*) AS n FROM monitoring.system_metrics WHERE hostname = 'web-1' AND metric_type ="
        " 'disk_usage_percent' AND \"timestamp\" < '" +
        format_timestamp(today_) + "' GROUP BY 1, 2) s");
    pack();
    EXPECT_EQ(database_.text(from_view), expected);
    clean_up();
    EXPECT_EQ(database_.text(from_view), expected);
}

}  // namespace
}  // namespace chorus::store
