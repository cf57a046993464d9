// What is damaged of packed days costs what it held; who asks for nothing else is told so.
#include <gmock/gmock.h>

#include "aggregator/alert_store/sample_reader.h"
#include "aggregator/history/fleet_series_reader.h"
#include "aggregator/history/metric_reader.h"
#include "aggregator/history/series_reader.h"
#include "aggregator/history/summary_reader.h"
#include "aggregator/sealed/damage.h"
#include "sealed_fixture.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using testing::AllOf;
using testing::HasSubstr;

class SealedDamage : public SealedStore {
  protected:
    SealedDamage() { EXPECT_EQ(pack(), kDays); }

    // The CPU of the first host on the second day, or all that it sent on that day.
    void damage_series(const std::string& change = "multiplier = 0, plain = NULL") {
        database_.run("UPDATE monitoring.sealed_series s SET " + change +
                      " FROM monitoring.series n WHERE n.series_id = s.series_id"
                      " AND n.metric_type = 'cpu_usage_percent' AND " +
                      of_day());
    }
    void damage_batches(const std::string& change = "delays = '', batches = '{1}'") {
        database_.run("UPDATE monitoring.sealed_batches s SET " + change + " WHERE " + of_day());
    }
    std::string of_day() const {
        return "s.host_id = " + std::to_string(hosts_[0]) + " AND s.day = '" + day() + "'";
    }
    std::string day() const { return format_timestamp(today_ - days{2}).substr(0, 10); }

    // Samples of each host and metric over all days.
    std::map<std::string, std::int64_t> summary() { return summary(today_ - days{kDays}); }
    std::map<std::string, std::int64_t> summary(Timestamp since) {
        std::map<std::string, std::int64_t> counts;
        for (const auto& line : SummaryReader{database_.pool()}.read({}, since)) {
            counts[line.hostname + " " + line.metric_type] = line.count;
        }
        return counts;
    }
    // The same by pages of all hosts.
    std::map<std::string, std::int64_t> pages() {
        std::map<std::string, std::int64_t> counts;
        MetricQuery query;
        query.limit = 1'000;
        for (auto page = reader_.find(query); !page.empty(); page = reader_.find(query)) {
            for (const auto& row : page) {
                if (row.label.empty()) ++counts[row.hostname + " " + row.metric_type];
            }
            query.after = page.back().cursor;
        }
        return counts;
    }
    // Values that rules get of the first host: CPU and memory.
    std::pair<int, int> rule_values() {
        const SampleScope scope{{{today_ - days{kDays}, now_}}, 2h, 1h, {}, {}};
        const auto session = database_.pool().acquire();
        SampleReader reader{*session, scope};
        const auto rows = reader.samples({{layouts_[0], {1, 3}}});
        std::pair<int, int> known;
        for (std::size_t i = 0; i < rows.offsets.size(); ++i) {
            if (rows.host_ids[i] != hosts_[0]) continue;
            const double cpu = rows.values[rows.offsets[i]],
                         memory = rows.values[rows.offsets[i] + 1];
            known.first += cpu == cpu ? 1 : 0;
            known.second += memory == memory ? 1 : 0;
        }
        return known;
    }
    SeriesAnswer chart(std::vector<std::string> metrics) {
        return SeriesReader{database_.pool()}.read(
            {"web-1", std::move(metrics), {}, today_ - days{kDays}, now_, 300});
    }
    static MetricQuery cpu_of_first_host() {
        MetricQuery query;
        query.hostname = "web-1";
        query.metric_type = "cpu_usage_percent";
        query.limit = 1'000;
        return query;
    }

    MetricReader reader_{database_.pool()};
};

TEST_F(SealedDamage, OneSeriesCostsNoOther) {
    auto expected = summary(), rows = pages();
    const auto before = rule_values();
    const auto left_out = damaged_rows_left_out();
    damage_series();
    const auto got = summary();
    EXPECT_LT(got.at("web-1 cpu_usage_percent"), expected.at("web-1 cpu_usage_percent"));
    EXPECT_GT(got.at("web-1 cpu_usage_percent"), 0);
    EXPECT_EQ(damaged_rows_left_out(), left_out + 1);
    const auto* damaged = "web-1 cpu_usage_percent";
    EXPECT_LT(pages().at(damaged), rows.at(damaged));
    rows[damaged] = pages().at(damaged);
    EXPECT_EQ(pages(), rows);
    expected["web-1 cpu_usage_percent"] = got.at("web-1 cpu_usage_percent");
    EXPECT_EQ(got, expected);
    EXPECT_LT(rule_values().first, before.first);
    EXPECT_EQ(rule_values().second, before.second);
}

// Sums of whole days are made by the database, which fails whole statements.
TEST_F(SealedDamage, NoNumberFailsTheSumsOfWholeDays) {
    const auto before = summary();
    const std::string day_of_load =
        " FROM monitoring.series n WHERE n.series_id = s.series_id AND"
        " n.metric_type = 'load_avg_1min' AND s.day = '" +
        day() + "' AND s.low IS NOT NULL";
    for (const std::string change : {"multiplier = 0", "multiplier = 1, divisor = 0",
                                     "divisor = 1, low = -9000000000000000000, multiplier = 1000",
                                     "multiplier = 1, low = 1, high = 0"}) {
        SCOPED_TRACE(change);
        database_.run("UPDATE monitoring.sealed_series s SET " + change + day_of_load);
        const auto left_out = damaged_rows_left_out();
        const auto got = summary();
        EXPECT_EQ(damaged_rows_left_out(), left_out + 1);
        EXPECT_LT(got.at("db-1 load_avg_1min"), before.at("db-1 load_avg_1min"));
        EXPECT_EQ(got.at("db-1 cpu_usage_percent"), before.at("db-1 cpu_usage_percent"));
    }
}

TEST_F(SealedDamage, TheBatchesOfAHostsDayCostNoOtherDayOrHost) {
    const Timestamp within = today_ - days{2} + 5h;
    const auto whole = summary(), rows = pages();
    auto expected = summary(within);
    const auto before = rule_values();
    damage_batches();
    EXPECT_EQ(summary(), whole);  // rows of series say what whole days come to
    const auto got = summary(within);
    for (auto& [name, count] : expected) {
        if (!name.starts_with("web-1 ")) continue;
        EXPECT_LT(got.at(name), count);
        count = got.at(name);
    }
    EXPECT_EQ(got, expected);
    EXPECT_EQ(pages().at("web-2 cpu_usage_percent"), rows.at("web-2 cpu_usage_percent"));
    EXPECT_LT(pages().at("web-1 cpu_usage_percent"), rows.at("web-1 cpu_usage_percent"));
    EXPECT_LT(rule_values().second, before.second);
    EXPECT_GT(rule_values().second, 0);
}

TEST_F(SealedDamage, AnHourThatCannotBeLookedAtDoesNotCountWhole) {
    std::vector<Timestamp> hours;
    for (int h = 1; h < 24; ++h) hours.push_back(today_ - days{2} + std::chrono::hours{h});
    std::vector<std::map<std::string, std::int64_t>> after, before;
    for (const auto hour : hours) {
        after.push_back(summary(hour));
        before.push_back(summary(hour - 1min));
    }
    damage_batches("layout_ids = layout_ids[1:1]");
    for (std::size_t h = 0; h < hours.size(); ++h) {
        auto got = summary(hours[h] - 1min);
        EXPECT_LE(got["web-1 cpu_usage_percent"], after[h]["web-1 cpu_usage_percent"]);
        EXPECT_EQ(got["web-2 cpu_usage_percent"], before[h]["web-2 cpu_usage_percent"]);
    }
}

TEST_F(SealedDamage, DelaysThatFitNoBatchFailNoOther) {
    const auto rows = pages();
    for (const auto* change :
         {"delays = delays || B'1'", "batches = '{1}'", "delays = repeat('1', 200000)::varbit"}) {
        SCOPED_TRACE(change);
        damage_batches(change);
        EXPECT_EQ(pages().at("web-2 cpu_usage_percent"), rows.at("web-2 cpu_usage_percent"));
        EXPECT_FALSE(summary(today_ - days{2} + 5h).empty());
    }
}

// A chart of many hosts by days, and one by hours.
TEST_F(SealedDamage, HoursAndDaysOfOneSeriesCostNoOther) {
    FleetQuery query;
    query.metric_types = {"cpu_usage_percent"};
    query.end = now_;
    const auto points = [&](Timestamp start, int most) {
        query.start = start;
        query.max_points = most;
        std::map<std::string, std::ptrdiff_t> known;
        for (const auto& column : FleetSeriesReader{database_.pool()}.read(query).series) {
            known[column.group] =
                std::ranges::count_if(column.average, [](double value) { return value == value; });
        }
        return known;
    };
    const auto check = [&](const std::string& damage, Timestamp start, int most) {
        SCOPED_TRACE(damage);
        auto expected = points(start, most);
        database_.run(damage + " WHERE host_id = " + std::to_string(hosts_[0]));
        const auto left_out = damaged_rows_left_out();
        auto got = points(start, most);
        EXPECT_GT(damaged_rows_left_out(), left_out);
        EXPECT_LT(got["web-1"], expected["web-1"]);
        expected["web-1"] = got["web-1"];
        EXPECT_EQ(got, expected);
    };
    check(R"(UPDATE monitoring.history_hours SET hours = '\x04')", today_ - days{kDays}, 100);
    check("UPDATE monitoring.history_days SET counts = '{}'", today_ - days{kDays}, 4);
    EXPECT_THAT(
        [&] {
            SeriesReader{database_.pool()}.read(
                {"web-1", {"cpu_usage_percent"}, {}, today_ - days{kDays}, now_, 4});
        },
        testing::ThrowsMessage<DamagedRow>(HasSubstr("web-1")));
}

TEST_F(SealedDamage, AQuestionForThatSeriesAloneFailsInWords) {
    damage_series();
    const auto words = testing::ThrowsMessage<DamagedRow>(
        AllOf(HasSubstr("web-1"), HasSubstr(day()), HasSubstr("cpu_usage_percent")));
    EXPECT_THAT([&] { reader_.find(cpu_of_first_host()); }, words);
    EXPECT_THAT([&] { chart({"cpu_usage_percent"}); }, words);
    EXPECT_EQ(chart({"cpu_usage_percent", "memory_used_mb"}).series.size(), 2U);
    auto query = cpu_of_first_host();
    query.start = today_ - days{1};
    EXPECT_FALSE(reader_.find(query).empty());
    damage_batches();
    EXPECT_THROW(chart({"memory_used_mb"}), DamagedRow);
}

}  // namespace
}  // namespace chorus::store
