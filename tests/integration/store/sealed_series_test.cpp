// A chart is the same before and after its days are packed, and while some are.
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <string_view>

#include "aggregator/history/series_reader.h"
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/seal_job.h"
#include "aggregator/sealed/series_codec.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double share) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != a[i] && b[i] != b[i]) continue;
        ASSERT_NEAR(a[i], b[i], std::fabs(a[i]) * share) << "point " << i;
    }
}

void expect_same(const SeriesAnswer& a, const SeriesAnswer& b) {
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

class SealedCharts : public testing::Test {
  protected:
    SealedCharts() {
        const auto host = database_.add_host("web-1");
        const std::vector layouts{
            database_.add_layout({{"cpu_usage_percent", "", "percent"},
                                  {"disk_usage_percent", "/", "percent", R"({"mountpoint": "/"})"},
                                  {"memory_used_mb", "", "mb"}}),
            database_.add_layout({{"memory_used_mb", "", "mb"},
                                  {"disk_usage_percent", "/var", "percent"},
                                  {"cpu_usage_percent", "", "percent"}})};
        today_ = std::chrono::floor<days>(std::chrono::system_clock::now());
        const auto text = [](Timestamp time) { return format_timestamp(time).substr(0, 10); };
        database_.run("SELECT monitoring.ensure_partitions('" + text(today_ - days{3}) + "', '" +
                      text(today_) + "')");
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn rows{*session,
                    "monitoring.system_batches"
                    " (host_id, ts, received_at, payload_hash, layout_id, \"values\")"};
        // Three days and a bit, with an hour of silence.
        for (Timestamp time = today_ - days{3}; time < today_ + minutes{10}; time += seconds{97}) {
            if (time > today_ - days{2} && time < today_ - days{2} + hours{1}) continue;
            const std::vector<double> values{value(100), value(1e4), value(1 << 10)};
            rows.row(Parameters{}
                         .int4(host)
                         .timestamp(time)
                         .timestamp(time)
                         .int8(1)
                         .int4(layouts[random_() % 2])
                         .float8_array_nan_is_null(values));
        }
        rows.finish();
        transaction.commit();
    }

    double value(double divisor) {
        if (random_() % 10 == 0) return kNoSample;
        return static_cast<double>(random_() % 100'000) / divisor;
    }

    SeriesAnswer chart(Timestamp start, Timestamp end, int points) {
        SeriesQuery query;
        query.hostname = "web-1";
        query.metric_types = {"cpu_usage_percent", "disk_usage_percent", "memory_used_mb"};
        query.start = start;
        query.end = end;
        query.max_points = points;
        return SeriesReader{database_.pool()}.read(query);
    }
    // By the hour, by the day, by minutes, with parts of hours at both ends, of the sealed days
    // alone and across today.
    std::vector<SeriesAnswer> charts() {
        const Timestamp now = today_ + minutes{10};
        const Timestamp odd = today_ - days{2} + hours{5} + minutes{13} + seconds{7};
        return {chart(today_ - days{3}, now, 100),
                chart(today_ - days{3}, now, 5),
                chart(odd, now, 300),
                chart(odd, odd + hours{30}, 40),
                chart(odd, odd + minutes{20}, 300),
                chart(today_ - days{1}, today_ - std::chrono::microseconds{1}, 24),
                chart(today_ - days{9}, today_ - days{4}, 24)};
    }
    // How often a chart of an hour sends something to PostgreSQL and waits, as libpq sees it.
    int round_trips(Timestamp start) {
        const SeriesReader reader{one_session_};
        SeriesQuery query;
        query.hostname = "web-1";
        query.metric_types = {"cpu_usage_percent"};
        query.start = start;
        query.end = start + hours{1};
        EXPECT_EQ(reader.read(query).series.size(), 1U);  // prepares statements
        const std::unique_ptr<FILE, int (*)(FILE*)> trace{std::tmpfile(), &std::fclose};
        PQtrace(one_session_.acquire()->native(), trace.get());
        (void)reader.read(query);
        PQuntrace(one_session_.acquire()->native());
        std::rewind(trace.get());
        int count = 0;
        std::array<char, 4096> line{};
        while (std::fgets(line.data(), line.size(), trace.get()) != nullptr) {
            const std::string_view text{line.data()};
            count += text.find("\tSync") != text.npos || text.find("\tQuery\t") != text.npos;
        }
        return count;
    }
    std::int64_t pack(std::function<bool()> stopping = [] { return false; }) {
        auto session = database_.pool().acquire();
        const auto epoch = *take_lease(*session, "test", seconds{60});
        SealJob{database_.pool(), {.after = hours{0}, .cpu_percent = 100}, std::move(stopping)}.run(
            epoch);
        return database_.number("SELECT count(*) FROM monitoring.sealed_days");
    }

    FilledDatabase database_;
    Database one_session_{database_.options(1)};
    Timestamp today_;
    std::mt19937_64 random_{11};
};

TEST_F(SealedCharts, AreTheSameWhileDaysArePackedAndAfter) {
    const auto before = charts();
    ASSERT_EQ(before[0].series.size(), 4U);
    int asked = 0;
    ASSERT_LT(pack([&] { return ++asked > 3; }), 3);
    const auto during = charts();
    ASSERT_EQ(pack(), 3);
    const auto after = charts();
    for (std::size_t i = 0; i < before.size(); ++i) {
        SCOPED_TRACE(i);
        expect_same(before[i], during[i]);
        expect_same(before[i], after[i]);
    }
}

TEST_F(SealedCharts, TakeFewRoundTrips) {
    const auto new_enough =
        std::chrono::floor<seconds>(std::chrono::system_clock::now()) - hours{23};
    // Late in the day it is the only one of its hour.
    database_.run("UPDATE monitoring.system_batches SET \"values\" = '{1, 1, 1}', ts = '" +
                  format_timestamp(new_enough) +
                  "' WHERE ts = (SELECT max(ts) FROM monitoring.system_batches)");
    EXPECT_EQ(round_trips(new_enough), 2) << "the layouts, the buckets";
    EXPECT_EQ(round_trips(today_ - days{3}), 5)
        << "besides begin, the days that are packed, commit";
    ASSERT_EQ(pack(), 3);
    EXPECT_EQ(round_trips(today_ - days{3}), 8)
        << "besides the days of the host, the names and values of series";
}

}  // namespace
}  // namespace chorus::store
