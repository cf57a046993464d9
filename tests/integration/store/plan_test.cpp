// Filters reach the primary key and leave the other days' partitions alone: through the views, the
// functions and the readers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/history/latest_reader.h"
#include "aggregator/history/metric_reader.h"
#include "aggregator/history/processes/process_reader.h"
#include "aggregator/history/series_reader.h"
#include "aggregator/history/summary_reader.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Names = std::vector<std::string>;

// 20 hosts, 4 days, a batch each 5 minutes, and process tables of 10 processes each half hour.
class Plans : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        database_ = std::make_unique<FilledDatabase>();
        const auto layout = database_->add_layout(
            {{"cpu_usage_percent", "", "percent"}, {"load_avg_1min", "", "avg"}});
        for (int i = 1; i <= 20; ++i) {
            const auto host = database_->add_host("web-" + std::to_string(i));
            database_->add_batches(host, layout, 2, "2026-01-01 00:00:00+00", 300, 4 * 288);
            database_->add_processes(host, "worker", 10);
            database_->add_process_batches(host, "2026-01-01 00:00:00+00", 1800, 4 * 48);
        }
        // The planner looks at the ends of indexes, which fetches no row once these are vacuumed.
        database_->pool().acquire()->execute_once("VACUUM ANALYZE");
        auto options = database_->options(1);
        pool_ = std::make_unique<Database>(options);
    }
    static void TearDownTestSuite() {
        pool_.reset();
        database_.reset();
    }

    // What a path finds in the plan of a statement, e.g. the names of all relations.
    static Names in_plan(const std::string& sql, const std::string& path) {
        const auto session = pool_->acquire();
        const auto plan = session->execute_once("EXPLAIN (FORMAT JSON) " + sql);
        Names names;
        for (const auto row : session->execute_once(
                 "SELECT DISTINCT q #>> '{}' FROM jsonb_path_query($1, $2::text::jsonpath) AS q"
                 " ORDER BY 1",
                 Parameters{}.json(plan[0].text(0)).text(path))) {
            names.emplace_back(row.text(0));
        }
        return names;
    }
    static Names batch_tables(const std::string& sql) {
        return in_plan(sql, R"($.**."Relation Name" ? (@ like_regex "_batches_"))");
    }
    static Names batch_indexes(const std::string& sql) {
        return in_plan(sql, R"($.**."Index Name" ? (@ like_regex "_batches_"))");
    }
    static Names full_scans(const std::string& sql) {
        return in_plan(sql, R"($.** ? (@."Node Type" == "Seq Scan" && @."Relation Name"
                               like_regex "_batches_")."Relation Name")");
    }

    // Partitions of which a piece of work reads rows: "name index" or "name full".
    template <typename Work>
    static Names touched(Work work) {
        const auto counters = [] {
            const auto session = pool_->acquire();
            session->execute_once("SELECT pg_stat_force_next_flush()");
            session->execute_once("SELECT pg_stat_clear_snapshot()");
            std::vector<std::tuple<std::string, std::int64_t, std::int64_t>> list;
            for (const auto row : session->execute_once(
                     "SELECT relname, seq_tup_read, coalesce(idx_tup_fetch, 0) FROM"
                     " pg_stat_user_tables"
                     " WHERE relname ~ '_batches_\\d' ORDER BY 1")) {
                list.emplace_back(row.text(0), row.int8(1), row.int8(2));
            }
            return list;
        };
        (void)counters();
        const auto before = counters();
        work();
        (void)counters();
        const auto after = counters();
        Names names;
        for (std::size_t i = 0; i < before.size(); ++i) {
            const auto& [name, full, index] = after[i];
            if (full > std::get<1>(before[i])) names.push_back(name + " full");
            if (index > std::get<2>(before[i])) names.push_back(name + " index");
        }
        return names;
    }

    static std::unique_ptr<FilledDatabase> database_;
    static std::unique_ptr<Database> pool_;
};
std::unique_ptr<FilledDatabase> Plans::database_;
std::unique_ptr<Database> Plans::pool_;

TEST_F(Plans, ViewOfOneMetricOfOneHostUsesOneDaysPrimaryKey) {
    const std::string sql =
        "SELECT timestamp, metric_value FROM monitoring.system_metrics WHERE hostname = 'web-3'"
        " AND metric_type = 'cpu_usage_percent' AND timestamp >= '2026-01-02 06:00+00'"
        " AND timestamp < '2026-01-02 09:00+00' ORDER BY timestamp DESC LIMIT 100";
    EXPECT_THAT(batch_tables(sql), ElementsAre("system_batches_20260102"));
    EXPECT_THAT(batch_indexes(sql), ElementsAre("system_batches_20260102_pkey"));
    EXPECT_THAT(full_scans(sql), IsEmpty());
}

TEST_F(Plans, ViewOverAllHostsReadsTheNewestThroughTheIndexOnTime) {
    const std::string sql =
        "SELECT * FROM monitoring.system_metrics WHERE timestamp >= '2026-01-03 00:00+00'"
        " ORDER BY timestamp DESC LIMIT 100";
    EXPECT_THAT(batch_tables(sql),
                ElementsAre("system_batches_20260103", "system_batches_20260104"));
    EXPECT_THAT(batch_indexes(sql), Each(HasSubstr("_ts_host_id_idx")));
    EXPECT_THAT(full_scans(sql), IsEmpty());
}

TEST_F(Plans, FullScansAreSeenByTheseTests) {
    const std::string sql =
        "SELECT count(*) FROM monitoring.system_batches WHERE \"values\"[1] = 5 AND ts <"
        " '2026-01-02 00:00+00'";
    EXPECT_THAT(full_scans(sql), ElementsAre("system_batches_20260101"));
    EXPECT_THAT(touched([&] { pool_->acquire()->execute_once(sql); }),
                ElementsAre("system_batches_20260101 full"));
}

TEST_F(Plans, ProcessViewOfOneHostUsesOneDaysPrimaryKey) {
    const std::string sql =
        "SELECT * FROM monitoring.process_metrics WHERE hostname = 'web-3' AND process_name ="
        " 'worker7' AND timestamp BETWEEN '2026-01-02 06:00+00' AND '2026-01-02 09:00+00'";
    EXPECT_THAT(batch_tables(sql), ElementsAre("process_batches_20260102"));
    EXPECT_THAT(batch_indexes(sql), ElementsAre("process_batches_20260102_pkey"));
    EXPECT_THAT(full_scans(sql), IsEmpty());
}

TEST_F(Plans, DashboardFunctionsAreInlinedAndPruned) {
    const std::string metric =
        "SELECT * FROM monitoring.metric_series('cpu_usage_percent', '2026-01-02 06:00+00',"
        " '2026-01-02 09:00+00', 'web-3')";
    EXPECT_THAT(batch_tables(metric), ElementsAre("system_batches_20260102"));
    EXPECT_THAT(full_scans(metric), IsEmpty());
    const std::string process =
        "SELECT * FROM monitoring.process_series('worker7', '2026-01-02 06:00+00',"
        " '2026-01-02 09:00+00', 'web-3')";
    EXPECT_THAT(batch_tables(process), ElementsAre("process_batches_20260102"));
    EXPECT_THAT(full_scans(process), IsEmpty());
    const std::string moment =
        "SELECT * FROM monitoring.processes_at('web-3', '2026-01-02 06:01+00')";
    EXPECT_THAT(full_scans(moment), IsEmpty());
    EXPECT_THAT(touched([&] { EXPECT_EQ(pool_->acquire()->execute_once(moment).size(), 10); }),
                ElementsAre("process_batches_20260102 index"));
}

TEST_F(Plans, MetricReaderTouchesOneDay) {
    const MetricReader reader{*pool_};
    MetricQuery query;
    query.hostname = "web-3";
    query.metric_type = "cpu_usage_percent";
    query.start = at("2026-01-02T06:00:00Z");
    query.end = at("2026-01-02T09:00:00Z");
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(query).size(), 37U); }),
                ElementsAre("system_batches_20260102 index"));
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.count(query), 37); }),
                ElementsAre("system_batches_20260102 index"));
}

TEST_F(Plans, NewestMetricsOfEverythingStopInTheNewestDay) {
    const MetricReader reader{*pool_};
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(MetricQuery{}).size(), 100U); }),
                ElementsAre("system_batches_20260104 index"));
    MetricQuery one_host;
    one_host.hostname = "web-3";
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(one_host).size(), 100U); }),
                ElementsAre("system_batches_20260104 index"));
    MetricQuery oldest;
    oldest.ascending = true;
    oldest.metric_type = "load_avg_1min";
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(oldest).size(), 100U); }),
                ElementsAre("system_batches_20260101 index"));
}

TEST_F(Plans, CursorDoesNotReadWhatWasReadBefore) {
    const MetricReader reader{*pool_};
    MetricQuery query;
    query.after = SampleCursor{at("2026-01-02T12:00:00Z"), 1, 1};
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(query).size(), 100U); }),
                ElementsAre("system_batches_20260102 index"));
}

TEST_F(Plans, ProcessReaderTouchesOneDay) {
    const ProcessReader reader{*pool_};
    ProcessQuery query;
    query.hostname = "web-3";
    query.start = at("2026-01-02T06:00:00Z");
    query.end = at("2026-01-02T09:00:00Z");
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(query).size(), 70U); }),
                ElementsAre("process_batches_20260102 index"));
    query.process_name = "worker7";
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(query).size(), 7U); }),
                ElementsAre("process_batches_20260102 index"));
    EXPECT_THAT(touched([&] { EXPECT_TRUE(reader.at("web-3", at("2026-01-02T06:01:00Z"))); }),
                ElementsAre("process_batches_20260102 index"));
    EXPECT_THAT(touched([&] { EXPECT_EQ(reader.find(ProcessQuery{}).size(), 100U); }),
                ElementsAre("process_batches_20260104 index"));
}

TEST_F(Plans, ChartsAndSummariesTouchTheirDays) {
    const SeriesReader charts{*pool_};
    SummaryReader summaries{*pool_};
    SeriesQuery query;
    query.hostname = "web-3";
    query.metric_types = {"cpu_usage_percent"};
    query.start = at("2026-01-02T23:00:00Z");
    query.end = at("2026-01-03T01:00:00Z");
    EXPECT_THAT(touched([&] { EXPECT_EQ(charts.read(query).series.size(), 1U); }),
                ElementsAre("system_batches_20260102 index", "system_batches_20260103 index"));
    EXPECT_THAT(
        touched([&] {
            EXPECT_EQ(summaries.read(std::string{"web-3"}, at("2026-01-04T12:00:00Z")).size(), 2U);
        }),
        ElementsAre("system_batches_20260104 index"));
}

TEST_F(Plans, LatestReaderLooksAtTheEndsOnly) {
    const LatestReader reader{*pool_};
    const auto names =
        touched([&] { EXPECT_EQ(reader.all(std::chrono::hours{24 * 365 * 50}).size(), 20U); });
    EXPECT_THAT(names,
                ElementsAre("process_batches_20260104 index", "system_batches_20260104 index"));
}

}  // namespace
}  // namespace chorus::store
