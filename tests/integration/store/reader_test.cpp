// What the API reads back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "aggregator/store/alert_stats.h"
#include "aggregator/store/dashboard_reader.h"
#include "aggregator/store/host_reader.h"
#include "aggregator/store/latest_reader.h"
#include "aggregator/store/metric_reader.h"
#include "aggregator/store/process_reader.h"
#include "aggregator/store/sample_id.h"
#include "aggregator/store/status_reader.h"
#include "aggregator/store/token_store.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using testing::ElementsAre;

// Two hosts, three batches each at 10:00:00, 10:00:30 and 10:01:00; values are 1000 * n + position.
class Readers : public testing::Test {
  protected:
    Readers() {
        web_ = database_.add_host("web-01");
        db_ = database_.add_host("db-01");
        const auto layout = database_.add_layout(
            {{"cpu_usage_percent", "", "percent"},
             {"disk_usage_percent", "", "percent"},
             {"disk_usage_percent", "/var", "percent", R"({"mountpoint": "/var"})"}});
        database_.add_batches(web_, layout, 3, "2026-01-02 10:00:00+00", 30, 3);
        database_.add_batches(db_, layout, 3, "2026-01-02 10:00:00+00", 30, 3);
        database_.add_batch(web_, layout, "2026-01-02 10:01:30+00", "ARRAY[NULL, 2, 3]::float8[]");
    }

    FilledDatabase database_;
    MetricReader metrics_{database_.pool()};
    std::int32_t web_ = 0;
    std::int32_t db_ = 0;
};

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
    const DashboardReader dashboard{database_.pool()};
    const auto lines = dashboard.summary(std::string{"web-01"}, at("2026-01-02T10:00:30Z"));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].metric_type, "cpu_usage_percent");
    EXPECT_EQ(lines[0].average, 2501);
    EXPECT_EQ(lines[0].maximum, 3001);
    EXPECT_EQ(lines[0].minimum, 2001);
    EXPECT_EQ(lines[0].count, 2);
    EXPECT_EQ(lines[1].metric_type, "disk_usage_percent");
    EXPECT_EQ(lines[1].count, 3);
    EXPECT_EQ(dashboard.summary(std::nullopt, at("2026-01-02T10:00:00Z")).size(), 4U);
    EXPECT_TRUE(dashboard.summary(std::string{"nobody"}, at("2026-01-02T10:00:00Z")).empty());
}

TEST_F(Readers, SeriesAreColumnsWithGaps) {
    const DashboardReader dashboard{database_.pool()};
    SeriesQuery query;
    query.hostname = "web-01";
    query.metric_types = {"disk_usage_percent", "cpu_usage_percent"};
    query.start = at("2026-01-02T10:00:00Z");
    query.end = at("2026-01-02T10:02:00Z");
    query.max_points = 5;
    const auto answer = dashboard.series(query);
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
    const auto one = dashboard.series(query);
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

TEST_F(Readers, ProcessesComeBackAsStored) {
    database_.add_processes(web_, "worker", 3);
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 2);
    const ProcessReader reader{database_.pool()};
    ProcessQuery query;
    query.hostname = "web-01";
    const auto rows = reader.find(query);
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(reader.count(query), 6);
    EXPECT_EQ(rows[0].time, at("2026-01-02T10:00:30Z"));
    EXPECT_EQ(rows[0].process_name, "worker3");
    EXPECT_EQ(rows[0].process_id, 3);
    EXPECT_EQ(rows[0].cpu_percent, 0.03);
    EXPECT_EQ(rows[0].memory_mb, 3);
    EXPECT_EQ(rows[0].memory_percent, 0.293);  // 3 MiB of 1 GiB, four decimals
    EXPECT_EQ(rows[0].disk_read_bytes, 3 * 512);
    EXPECT_EQ(rows[0].disk_write_bytes, std::nullopt);
    EXPECT_EQ(rows[0].status, "sleeping");
    EXPECT_EQ(rows[0].username, std::nullopt);
    EXPECT_EQ(rows[2].process_id, 1);
    EXPECT_EQ(rows[2].disk_read_bytes, std::nullopt);
    const auto from_view = database_.pool().acquire()->execute_once(
        "SELECT cpu_percent, memory_mb, memory_percent, disk_read_bytes, status, id"
        " FROM monitoring.process_metrics WHERE id = $1",
        Parameters{}.uuid(rows[0].id));
    ASSERT_EQ(from_view.size(), 1);
    EXPECT_EQ(from_view[0].float8(0), 0.03);
    EXPECT_EQ(from_view[0].float8(1), 3);
    EXPECT_EQ(from_view[0].float8(2), 0.293);
    EXPECT_EQ(from_view[0].int8(3), 1'536);
    EXPECT_EQ(from_view[0].text(4), "sleeping");
}

TEST_F(Readers, ProcessesByNameGlobPidAndSort) {
    database_.add_processes(web_, "worker", 40);
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 2);
    database_.add_processes(db_, "postgres_", 2);
    database_.add_process_batches(db_, "2026-01-02 10:00:00+00", 30, 2);
    const ProcessReader reader{database_.pool()};
    const auto pids = [&](const ProcessQuery& query) {
        std::vector<std::int32_t> list;
        for (const auto& row : reader.find(query)) list.push_back(row.process_id);
        return list;
    };
    ProcessQuery query;
    query.process_name = "worker7";
    EXPECT_THAT(pids(query), ElementsAre(7, 7));
    EXPECT_EQ(reader.count(query), 2);
    query.process_name = "worker";
    EXPECT_TRUE(pids(query).empty());
    query.process_name = "worker1?";
    EXPECT_EQ(pids(query).size(), 20U);
    query.process_name = "w*";
    query.limit = 3;
    EXPECT_THAT(pids(query), ElementsAre(40, 39, 38));
    query.process_name = "postgres%";  // not a pattern
    EXPECT_TRUE(pids(query).empty());
    query.process_name = "postgres_1";  // `_` stands for itself
    EXPECT_EQ(pids(query).size(), 2U);

    ProcessQuery by_pid;
    by_pid.process_id = 2;
    EXPECT_EQ(reader.find(by_pid).size(), 4U);
    by_pid.process_id = std::int64_t{1} << 40;
    EXPECT_TRUE(reader.find(by_pid).empty());

    ProcessQuery sorted;
    sorted.sort = ProcessSort::cpu_percent;
    sorted.limit = 3;
    EXPECT_THAT(pids(sorted), ElementsAre(40, 40, 39));
    sorted.ascending = true;
    sorted.sort = ProcessSort::memory_percent;
    sorted.hostname = "db-01";
    EXPECT_THAT(pids(sorted), ElementsAre(1, 1, 2));
}

TEST_F(Readers, BothWaysToFindProcessesAgree) {
    database_.add_processes(web_, "worker", 33);  // one more than are looked up one by one
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 2);
    const ProcessReader reader{database_.pool()};
    ProcessQuery unfolded;
    unfolded.process_name = "worker*";
    unfolded.limit = 1000;
    for (const auto& row : reader.find(unfolded)) {
        ProcessQuery picked;
        picked.process_name = row.process_name;
        picked.start = row.time;
        picked.end = row.time;
        const auto same = reader.find(picked);
        ASSERT_EQ(same.size(), 1U);
        EXPECT_EQ(same[0].id, row.id);
        EXPECT_EQ(same[0].cpu_percent, row.cpu_percent);
        EXPECT_EQ(same[0].memory_percent, row.memory_percent);
        EXPECT_EQ(same[0].disk_read_bytes, row.disk_read_bytes);
        EXPECT_EQ(same[0].status, row.status);
    }
}

TEST_F(Readers, WideColumnsReadLikeNarrowOnes) {
    const auto ref = database_.add_processes(web_, "huge", 1);
    database_.run(
        "SELECT monitoring.ensure_partitions('2026-01-02', '2026-01-02');"
        "INSERT INTO monitoring.process_batches (ts, received_at, host_id, scanned, ref_base,"
        " refs_wide, cpu_percent, rss_bytes, memory_percent, read_bytes, write_bytes, num_threads,"
        " fd_count, states) VALUES ('2026-01-02 10:00+00', now(), " +
        std::to_string(web_) + ", 1, 0, ARRAY[" + std::to_string(ref) +
        "], ARRAY[12.3]::real[], ARRAY[4398046511104],"
        " ARRAY[55.5]::real[], ARRAY[1099511627777], ARRAY[3], ARRAY[7], ARRAY[8], '?')");
    const ProcessReader reader{database_.pool()};
    ProcessQuery query;
    query.process_name = "huge1";
    const auto picked = reader.find(query);
    const auto snapshot = reader.at("web-01", at("2026-01-02T10:04:59Z"));
    ASSERT_EQ(picked.size(), 1U);
    ASSERT_TRUE(snapshot);
    ASSERT_EQ(snapshot->rows.size(), 1U);
    for (const auto& row : {picked[0], snapshot->rows[0]}) {
        EXPECT_EQ(row.cpu_percent, 12.3);
        EXPECT_EQ(row.memory_mb, 4'194'304);
        EXPECT_EQ(row.memory_percent, 55.5);
        EXPECT_EQ(row.disk_read_bytes, 1'099'511'627'777);
        EXPECT_EQ(row.disk_write_bytes, 3);
        EXPECT_EQ(row.num_threads, 7);
        EXPECT_EQ(row.fd_count, 8);
        EXPECT_EQ(row.status, std::nullopt);
    }
}

TEST_F(Readers, ProcessTableAtAMoment) {
    database_.add_processes(web_, "worker", 3);
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 3);
    const ProcessReader reader{database_.pool()};
    EXPECT_FALSE(reader.at("web-01", at("2026-01-02T09:59:59Z")));
    EXPECT_EQ(reader.at("web-01", at("2026-01-02T10:00:29.999Z"))->time,
              at("2026-01-02T10:00:00Z"));
    const auto table = reader.at("web-01", at("2026-01-02T10:00:30Z"));
    ASSERT_TRUE(table);
    EXPECT_EQ(table->time, at("2026-01-02T10:00:30Z"));
    EXPECT_EQ(table->scanned, 3);
    EXPECT_EQ(table->other_count, std::nullopt);
    EXPECT_EQ(table->rows.size(), 3U);
    EXPECT_EQ(table->rows[0].process_name, "worker1");
    EXPECT_EQ(reader.at("web-01", at("2026-01-02T10:06:00Z"))->time, at("2026-01-02T10:01:00Z"));
    EXPECT_FALSE(reader.at("web-01", at("2026-01-02T10:06:01Z")));  // ten intervals
    EXPECT_FALSE(reader.at("nobody", at("2026-01-02T10:00:30Z")));
    EXPECT_EQ(
        database_.number("SELECT count(*) FROM monitoring.processes_at('web-01',"
                         " '2026-01-02 10:00:59+00') WHERE timestamp = '2026-01-02 10:00:30+00'"),
        3);
}

TEST_F(Readers, HostsAreJudgedByTheirSilence) {
    database_.run(
        "UPDATE monitoring.hosts SET last_seen = '2026-01-02 10:00+00', interval_seconds = 30,"
        " labels = '{\"role\": \"web\"}'");
    ManualClock clock{at("2026-01-02T10:01:30Z")};
    const HostReader reader{database_.pool(), clock};
    EXPECT_EQ(reader.find("web-01")->status, HostStatus::up);
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(reader.find("web-01")->status, HostStatus::stale);
    clock.advance(std::chrono::seconds{210});
    EXPECT_EQ(reader.list()[0].status, HostStatus::down);
    EXPECT_EQ(reader.list()[0].hostname, "db-01");
    EXPECT_EQ(reader.find("web-01")->labels_json, R"({"role": "web"})");
    EXPECT_EQ(reader.find("web-01")->agent_id, std::nullopt);
    EXPECT_FALSE(reader.find("nobody"));
    database_.run(
        "UPDATE monitoring.hosts SET last_seen = '2026-01-02 10:05+00' WHERE hostname = 'web-01'");
    EXPECT_EQ(reader.last_seen()->hostname, "web-01");
}

TEST(AlertStats, CountsByStatusAndSeverity) {
    FilledDatabase database;
    database.run(
        "INSERT INTO monitoring.alerts (alert_type, severity, source, title, status)"
        " SELECT 't', s, 's', 't', a FROM unnest(ARRAY['critical', 'low', 'low']) AS s,"
        " unnest(ARRAY['active', 'resolved']) AS a");
    const auto stats = read_alert_stats(database.pool());
    EXPECT_EQ(stats.total, 6);
    EXPECT_EQ(stats.active, 3);
    EXPECT_EQ(stats.resolved, 3);
    EXPECT_EQ(stats.acknowledged, 0);
    EXPECT_THAT(stats.by_severity, ElementsAre(2, 0, 0, 4, 0));
    EXPECT_THAT(stats.active_by_severity, ElementsAre(1, 0, 0, 2, 0));
}

TEST(TokenStore, TokenLivesUntilItIsRevoked) {
    FilledDatabase database;
    TokenStore tokens{database.pool()};
    const std::string hash(32, '\x01');
    const auto token = tokens.create("web-01", "agent", hash);
    EXPECT_THROW((void)tokens.create("x", "root", std::string(32, '\x02')), std::invalid_argument);
    EXPECT_THROW((void)tokens.create("x", "agent", "short"), DatabaseError);
    EXPECT_THROW((void)tokens.create("x", "agent", hash), DatabaseError);
    EXPECT_EQ(tokens.find_by_hash(hash)->role, "agent");
    EXPECT_FALSE(tokens.find_by_hash(std::string(32, '\x09')));

    const auto first = Uuid::random();
    EXPECT_EQ(tokens.bind_agent(token.token_id, first), first);
    EXPECT_EQ(tokens.bind_agent(token.token_id, Uuid::random()), first);
    EXPECT_EQ(tokens.find_by_hash(hash)->agent_id, first);

    tokens.touch(token.token_id);
    EXPECT_TRUE(tokens.list()[0].last_used_at);
    EXPECT_TRUE(tokens.revoke(token.token_id));
    EXPECT_FALSE(tokens.revoke(token.token_id));
    EXPECT_FALSE(tokens.find_by_hash(hash));
    EXPECT_EQ(tokens.bind_agent(token.token_id, first), std::nullopt);
    ASSERT_EQ(tokens.list().size(), 1U);
    EXPECT_TRUE(tokens.list()[0].revoked_at);
}

TEST_F(Readers, StatusTellsCountsAndDurability) {
    database_.run("ANALYZE");
    const auto counts = read_record_counts(database_.pool());
    EXPECT_EQ(counts.hosts, 2);
    EXPECT_EQ(counts.system_batches, 7);
    EXPECT_GT(counts.database_bytes, 0);
    const auto durability = read_durability(database_.pool());
    const auto server = database_.text("SELECT current_setting('fsync')");
    EXPECT_EQ(durability.durable, server == "on");
    EXPECT_NO_THROW(ping(database_.pool()));
}

}  // namespace
}  // namespace chorus::store
