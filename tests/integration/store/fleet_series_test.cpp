// Series of many hosts say what those of each host say, in each state that days go through.
#include "aggregator/history/fleet_series_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "aggregator/schema/retention.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

class FleetSeries : public SealedStore {
  protected:
    FleetQuery query(Timestamp start, int points) const {
        FleetQuery asked;
        asked.metric_types = {"cpu_usage_percent", "disk_usage_percent"};
        asked.start = start;
        asked.end = now_;
        asked.max_points = points;
        return asked;
    }
    SeriesAnswer ask(const FleetQuery& asked) {
        return FleetSeriesReader{database_.pool()}.read(asked);
    }
    SeriesAnswer one_host(const std::string& name, const FleetQuery& asked) {
        return SeriesReader{database_.pool()}.read(
            {name, asked.metric_types, asked.label, asked.start, asked.end, asked.max_points});
    }
    void clean_up() {
        const SystemClock clock;
        const Retention retention{.system = days{1}};
        Partitions partitions{database_.pool(), clock, retention};
        RetentionJob{database_.pool(), clock, partitions, retention}.run({}, true);
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
    static void expect_same_values(const SeriesColumn& a, const SeriesColumn& b) {
        expect_near(a.minimum, b.minimum, 0);
        expect_near(a.maximum, b.maximum, 0);
        expect_near(a.average, b.average, 1e-12);
    }
    static void expect_same(const SeriesAnswer& a, const SeriesAnswer& b) {
        ASSERT_EQ(a.step_seconds, b.step_seconds);
        ASSERT_EQ(a.times, b.times);
        ASSERT_EQ(a.series.size(), b.series.size());
        for (std::size_t i = 0; i < a.series.size(); ++i) {
            ASSERT_EQ(a.series[i].metric_type, b.series[i].metric_type);
            ASSERT_EQ(a.series[i].label, b.series[i].label);
            ASSERT_EQ(a.series[i].group, b.series[i].group);
            ASSERT_EQ(a.series[i].unit, b.series[i].unit);
            ASSERT_EQ(a.series[i].tags_json, b.series[i].tags_json);
            expect_same_values(a.series[i], b.series[i]);
        }
    }
    static std::vector<std::string> groups(const SeriesAnswer& answer) {
        std::vector<std::string> names;
        for (const auto& column : answer.series) {
            if (column.metric_type == "cpu_usage_percent") names.push_back(column.group);
        }
        return names;
    }
};

// Days, hours with parts of hours at both ends, and minutes.
TEST_F(FleetSeries, AreTheSameInEachState) {
    const Timestamp odd = today_ - days{kDays} + hours{5} + minutes{13};
    in_each_state(
        [&] {
            std::vector<SeriesAnswer> answers;
            for (const int points : {4, 100, 300}) {
                auto asked = query(odd, points);
                answers.push_back(ask(asked));
                asked.group_by = GroupBy::nothing;
                answers.push_back(ask(asked));
            }
            return answers;
        },
        [](const auto& expected, const auto& got) {
            for (std::size_t i = 0; i < expected.size(); ++i) {
                SCOPED_TRACE(i);
                expect_same(expected[i], got[i]);
            }
        });
}

TEST_F(FleetSeries, ThoseOfAHostAreWhatIsSaidOfItAlone) {
    const auto compare = [&](int points) {
        const auto asked = query(today_ - days{kDays} + hours{2}, points);
        const auto all = ask(asked);
        std::size_t found = 0;
        for (const auto* host : {"db-1", "web-1", "web-2"}) {
            for (const auto& alone : one_host(host, asked).series) {
                for (const auto& column : all.series) {
                    if (column.group != host || column.metric_type != alone.metric_type ||
                        column.label != alone.label) {
                        continue;
                    }
                    ++found;
                    expect_same_values(column, alone);
                }
            }
        }
        EXPECT_EQ(found, all.series.size());
        EXPECT_EQ(all.tier, one_host("web-1", asked).tier);
    };
    compare(100);
    pack();
    for (const int points : {4, 100, 500}) compare(points);
    clean_up();
    for (const int points : {4, 100, 500}) compare(points);
}

TEST_F(FleetSeries, HostsAreChosenAndGrouped) {
    database_.run(
        "UPDATE monitoring.hosts SET labels = '{\"env\": \"prod\"}' WHERE hostname <> 'web-2'");
    auto asked = query(today_ - days{1}, 100);
    EXPECT_THAT(groups(ask(asked)), testing::ElementsAre("db-1", "web-1", "web-2"));
    asked.host_glob = "web-*";
    EXPECT_THAT(groups(ask(asked)), testing::ElementsAre("web-1", "web-2"));
    asked.host_labels = {{"env", "prod"}};
    EXPECT_THAT(groups(ask(asked)), testing::ElementsAre("web-1"));
    asked.host_glob = "*";
    asked.host_labels.clear();
    asked.group_by = GroupBy::host_label;
    asked.group_label = "env";
    EXPECT_THAT(groups(ask(asked)), testing::ElementsAre("", "prod"));
    asked.host_glob = "nobody";
    EXPECT_TRUE(ask(asked).series.empty());
}

TEST_F(FleetSeries, TopkLeavesThoseOfTheGreatestMeans) {
    auto asked = query(today_ - days{kDays}, 1);
    asked.metric_types = {"disk_usage_percent"};
    auto all = ask(asked).series;
    ASSERT_EQ(all.size(), 5U);
    std::ranges::sort(all, {}, [](const SeriesColumn& c) { return -c.average[0]; });
    asked.topk = 2;
    const auto top = ask(asked).series;
    ASSERT_EQ(top.size(), 2U);
    for (const auto& column : top) EXPECT_GE(column.average[0], all[1].average[0]);
}

TEST_F(FleetSeries, TopkOfEqualsGoesByName) {
    for (const char* name : {"same-3", "same-1", "same-4", "same-2"}) {
        database_.add_batch(database_.add_host(name), layouts_[0],
                            format_timestamp(today_ + minutes{1}), "ARRAY[7, 7, 7]::float8[]");
    }
    auto asked = query(today_ - days{kDays}, 1);
    asked.metric_types = {"cpu_usage_percent"};
    asked.host_glob = "same-*";
    asked.topk = 3;
    EXPECT_THAT(groups(ask(asked)), testing::ElementsAre("same-1", "same-2", "same-3"));
}

TEST_F(FleetSeries, AnAnswerThatWouldBeTooLargeIsRefused) {
    for (int i = 0; i < 40; ++i) {
        database_.add_batch(database_.add_host("many-" + std::to_string(i)), layouts_[0],
                            format_timestamp(today_ + minutes{1}), "ARRAY[1, 2, 3]::float8[]");
    }
    auto asked = query(today_ - days{kDays}, 5'000);
    ASSERT_THROW(ask(asked), TooManyBuckets);
    asked.topk = 3;
    EXPECT_EQ(ask(asked).series.size(), 2 * 3U);  // of each metric
    asked.topk = 40;
    EXPECT_THROW(ask(asked), TooManyBuckets);
    asked.topk = 0;
    asked.group_by = GroupBy::nothing;
    EXPECT_EQ(ask(asked).series.size(), 3U);
}

}  // namespace
}  // namespace chorus::store
