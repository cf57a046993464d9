// What SQL users read is the same before and after days are packed, while some are, and with rows
// that came late.
#include <gtest/gtest.h>

#include <random>
#include <thread>

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
using namespace std::string_literals;

// The bits of a value tell 0 from -0.
const std::string kBothViews =
    "SELECT id, hostname, metric_type, float8send(metric_value) AS bits, metric_unit, label, tags,"
    " \"timestamp\", created_at FROM monitoring.system_metrics UNION ALL "
    "SELECT id, hostname, metric_type, float8send(metric_value) AS bits, metric_unit, label, tags,"
    " \"timestamp\", created_at FROM monitoring.system_metrics_sealed";

// Three days and ten minutes of two hosts, a batch each 97 s in one of three layouts.
class SealedViews : public testing::Test {
  protected:
    SealedViews() {
        const std::vector layouts{
            database_.add_layout({{"percent", "", "percent"},
                                  {"constant", "", "count"},
                                  {"third", "", "ratio"},
                                  {"zeros", "a", "ratio", R"({"disk": "a"})"},
                                  {"extremes", "", "count"},
                                  {"hourly", "", "mb"},
                                  {"gaps", "", "percent"}}),
            database_.add_layout({{"gaps", "", "percent"},
                                  {"percent", "", "percent"},
                                  {"zeros", "b", "ratio", R"({"disk": "b"})"}}),
            database_.add_layout({})};
        database_.run("SELECT monitoring.ensure_partitions('" + text(today_ - days{3}) + "', '" +
                      text(today_) + "')");
        for (const auto* name : {"web-1", "db-1"}) fill(database_.add_host(name), layouts);
        remember("before", kBothViews);
        remember("charts_before", charts_sql());
    }

    static std::string text(Timestamp time) { return format_timestamp(time).substr(0, 10); }

    void fill(std::int32_t host, const std::vector<std::int32_t>& layouts) {
        auto session = database_.pool().acquire();
        Transaction transaction{*session};
        CopyIn rows{*session,
                    "monitoring.system_batches"
                    " (host_id, ts, received_at, payload_hash, layout_id, \"values\")"};
        for (Timestamp time = today_ - days{3}; time < today_ + minutes{10}; time += seconds{97}) {
            if (time > today_ - days{2} && time < today_ - days{2} + hours{1}) continue;
            const auto layout = random_() % 10 < 7 ? 0U : 1U + random_() % 2;
            rows.row(Parameters{}
                         .int4(host)
                         .timestamp(time)
                         .timestamp(time + std::chrono::microseconds{random_() % 100'000'000})
                         .int8(1)
                         .int4(layouts[layout])
                         .float8_array_nan_is_null(values(layout, time)));
        }
        rows.finish();
        transaction.commit();
    }

    std::vector<double> values(std::size_t layout, Timestamp time) {
        constexpr double extremes[] = {1e308, -1e308, 5e-324, 0x1p51, -0x1p51 + 1};
        const auto hour = std::chrono::floor<hours>(time) - std::chrono::floor<days>(time);
        const double percent = static_cast<double>(random_() % 10'001) / 100;
        const double zero = random_() % 2 == 0 ? 0.0 : -0.0;
        const double gaps = random_() % 3 == 0 ? kNoSample : percent;
        if (layout == 2) return {};
        if (layout == 1) return {gaps, percent, zero};
        return {percent,
                7.25,
                static_cast<double>(random_() % 7) / 3,
                zero,
                extremes[random_() % std::size(extremes)],
                static_cast<double>(hour.count()) / 4,
                gaps};
    }

    // From the middle of an hour to the middle of another.
    std::string charts_sql() const {
        return "SELECT m, c.hostname, c.label, c.timestamp, float8send(c.value) AS bits"
               " FROM unnest('{percent,zeros,gaps}'::text[]) m, monitoring.metric_series(m, '" +
               format_timestamp(today_ - days{3} + hours{5} + minutes{13}) + "', '" +
               format_timestamp(today_ + minutes{3}) +
               "', '*-1', CASE WHEN m = 'zeros' THEN 'b' END) c";
    }

    void remember(const std::string& name, const std::string& sql) {
        database_.run("CREATE TABLE " + name + " AS " + sql);
    }
    // Rows that only one of the two has.
    std::int64_t different(const std::string& name, const std::string& sql) {
        return database_.number("SELECT count(*) FROM ((TABLE " + name + " EXCEPT ALL (" + sql +
                                ")) UNION ALL ((" + sql + ") EXCEPT ALL TABLE " + name + ")) d");
    }
    void expect_unchanged() {
        EXPECT_EQ(different("before", kBothViews), 0);
        EXPECT_EQ(different("charts_before", charts_sql()), 0);
    }

    std::int64_t pack(std::function<bool()> stopping = [] { return false; }) {
        const auto epoch = *take_lease(*database_.pool().acquire(), "test", seconds{60});
        const SealOptions options{.after = hours{0}, .cpu_percent = 100};
        SealJob{database_.pool(), options, std::move(stopping)}.run(epoch);
        return database_.number("SELECT count(*) FROM monitoring.sealed_days");
    }

    FilledDatabase database_;
    const Timestamp today_ = std::chrono::floor<days>(std::chrono::system_clock::now());
    std::mt19937_64 random_{7};
};

TEST_F(SealedViews, HaveTheSameSamplesWhileDaysArePackedAndAfter) {
    ASSERT_GT(database_.number("SELECT count(*) FROM before"), 10'000);
    ASSERT_GT(database_.number("SELECT count(DISTINCT label) FROM charts_before"), 1);
    EXPECT_EQ(different("before", kBothViews + " LIMIT 100"),
              database_.number("SELECT count(*) FROM before") - 100);
    // One host of a day is packed, then a day has moved and one host of the next one is packed.
    for (const int moved : {0, 1}) {
        const auto hosts = [&] {
            return database_.number("SELECT count(*) FROM monitoring.sealed_batches");
        };
        ASSERT_EQ(pack([&] { return hosts() > 2 * moved; }), moved);
        ASSERT_EQ(hosts(), 2 * moved + 1);
        expect_unchanged();
    }
    ASSERT_EQ(pack(), 3);
    expect_unchanged();
    EXPECT_EQ(database_.number("SELECT count(DISTINCT day) FROM monitoring.system_metrics_sealed"
                               " WHERE hour = date_trunc('hour', timestamp)"
                               " AND day = (hour AT TIME ZONE 'UTC')::date"),
              3);
    EXPECT_EQ(
        database_.number("SELECT count(*) FROM monitoring.system_metrics WHERE timestamp < '" +
                         text(today_) + " 00:00+00'"),
        0);
}

TEST_F(SealedViews, AddWhatCameLate) {
    const auto day = text(today_ - days{2});
    const auto of_day =
        " FROM monitoring.system_batches WHERE host_id = 1 AND payload_hash = 1 AND"
        " ts >= '" +
        day + " 07:00+00' AND ts < '" + day + " 09:00+00'";
    database_.run("CREATE TABLE late AS SELECT *" + of_day + "; DELETE" + of_day);
    ASSERT_EQ(pack(), 3);
    EXPECT_GT(different("before", kBothViews), 0);
    database_.run("SELECT monitoring.ensure_partitions('" + day + "', '" + day +
                  "'); INSERT INTO monitoring.system_batches TABLE late;"
                  " INSERT INTO monitoring.late_days (host_id, day) VALUES (1, '" +
                  day + "')");
    expect_unchanged();
    ASSERT_EQ(pack(), 3);
    EXPECT_EQ(database_.number("SELECT count(*)" + of_day), 0);
    expect_unchanged();
}

TEST_F(SealedViews, HoursAreThoseOfTheSamples) {
    ASSERT_EQ(pack(), 3);
    remember("hours",
             "SELECT date_trunc('hour', timestamp) AS hour, hostname, metric_type, label,"
             " metric_unit, tags, min(metric_value) AS minimum, max(metric_value) AS maximum,"
             " sum(metric_value) FILTER (WHERE abs(metric_value) < 1e300) AS sum,"
             " max(abs(metric_value)) AS largest, count(*)"
             " FROM monitoring.system_metrics_sealed GROUP BY 1, 2, 3, 4, 5, 6");
    ASSERT_GT(database_.number("SELECT count(*) FROM hours"), 500);
    EXPECT_EQ(different("hours",
                        "SELECT m.hour, hostname, metric_type, label, metric_unit, tags,"
                        " m.minimum, m.maximum,"
                        " CASE WHEN abs(m.sum - h.sum) <= 1e-12 * h.largest * h.count"
                        " OR m.sum IS NULL THEN h.sum ELSE m.sum END, h.largest, m.count"
                        " FROM monitoring.system_metric_hours m JOIN hours h"
                        " USING (hour, hostname, metric_type, label, metric_unit, tags)"),
              0);
    EXPECT_EQ(
        database_.number("SELECT count(*) FROM monitoring.system_metric_hours m JOIN hours h"
                         " USING (hour, hostname, metric_type, label) WHERE (m.sum IS NULL) <>"
                         " (h.largest >= 1e300) OR m.day <> (m.hour AT TIME ZONE 'UTC')::date"
                         " OR m.average NOT BETWEEN m.minimum - 1e-9 AND m.maximum + 1e-9"),
        0);
}

// The move drops rows that the query's plan does not have any more when it goes on.
TEST_F(SealedViews, LoseNothingOfADayThatMovesMeanwhile) {
    const auto day = text(today_ - days{3});
    std::string partition = "monitoring.system_batches_" + day;
    std::erase(partition, '-');
    ASSERT_EQ(pack(), 3);
    // As it was before the move, but for the mark.
    database_.run("SELECT monitoring.ensure_partitions('" + day + "', '" + day +
                  "'); DELETE FROM monitoring.sealed_days WHERE day = '" + day + "'");
    database_.run(
        "INSERT INTO monitoring.system_batches SELECT t.ts, t.ts, 1, b.host_id, 1, '{1}'"
        " FROM monitoring.sealed_batches b, unnest(b.times) AS t(ts) WHERE b.day = '" +
        day + "'");
    const auto count = "SELECT count(*) FROM monitoring.metric_series('percent', '" + day +
                       " 00:00+00', '" + day + " 23:59:59.999+00')";
    ASSERT_GT(database_.number(count), 0);
    const auto mover = database_.pool().acquire();
    mover->execute_script("BEGIN; ALTER TABLE monitoring.system_batches DETACH PARTITION " +
                          partition);
    std::int64_t found = 0;
    std::thread reader{[&] { found = database_.number(count); }};
    const auto deadline = std::chrono::steady_clock::now() + seconds{30};
    const std::string waiting =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())";
    while (mover->execute_once(waiting)[0].int8(0) == 0 &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    mover->execute_script("INSERT INTO monitoring.sealed_days (day) VALUES ('" + day +
                          "'); DROP TABLE " + partition + "; COMMIT");
    reader.join();
    EXPECT_EQ(found, database_.number("SELECT count(*) FROM before WHERE metric_type = 'percent'"
                                      " AND timestamp < '" +
                                      day + " 23:59:59.999+00'"));
}

}  // namespace
}  // namespace chorus::store
