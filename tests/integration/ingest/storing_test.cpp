// What is stored of a batch, as users of the views see it.
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

TEST_F(IngestTest, StoresMetricsThatTheViewShows) {
    const auto outcome = aggregator.service.submit(batch(1, 1), {});
    EXPECT_EQ(outcome.result, IngestResult::stored);
    EXPECT_EQ(outcome.system_metrics, 1);
    EXPECT_EQ(outcome.process_metrics, 2);
    EXPECT_EQ(outcome.interval_seconds, 30);
    // The unknown value makes no row.
    EXPECT_EQ(rows("system_metrics"), 1);
    EXPECT_EQ(
        database.text("SELECT concat_ws(' ', hostname, metric_type, metric_value, metric_unit,"
                      " tags, \"timestamp\") FROM monitoring.system_metrics"),
        "host-1 cpu_usage_percent 12.5 percent {} 2026-01-15 10:00:30+00");
}

TEST_F(IngestTest, LabelsBecomeTags) {
    Batch b = batch(1, 1);
    b.values = {1, 61.2};
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(
        database.text("SELECT tags::text FROM monitoring.system_metrics WHERE label = '/var'"),
        R"({"mountpoint": "/var"})");
}

TEST_F(IngestTest, StoresProcessesWithEveryCell) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    EXPECT_EQ(rows("process_metrics"), 2);
    EXPECT_EQ(
        database.text("SELECT concat_ws('|', process_id, process_name, cpu_percent, memory_mb,"
                      " memory_percent, disk_read_bytes, disk_write_bytes, status, username, ppid,"
                      " num_threads, fd_count, unit, started_at, fd_limit,"
                      " children_cpu_percent, memory_pss_mb, memory_swap_mb, major_faults_per_sec,"
                      " nice, processor, io_wait_percent, cpu_wait_percent,"
                      " voluntary_switches_per_sec, involuntary_switches_per_sec)"
                      " FROM monitoring.process_metrics WHERE process_id = 1"),
        "1|systemd|0.5|11.77375602722168|0.1|1|9223372036854775807|sleeping|root|0|1|77|"
        "init.scope|2026-01-01 00:00:00.12+00|1024|12.5|0.00390625|1.0000009536743164|0.25|"
        "-5|3|1.5|150.5|8.25|0.5");
    // What the agent did not know is NULL, and hostile text is only text.
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.process_metrics"
                              " WHERE process_id = 4711 AND cpu_percent IS NULL AND status IS NULL"
                              " AND disk_read_bytes IS NULL AND username IS NULL"
                              " AND process_name LIKE '<img src=x onerror=alert(1)>%'"),
              1);
    EXPECT_EQ(database.text("SELECT concat_ws(' ', scanned, other_count, other_cpu_percent,"
                            " other_rss_bytes) FROM monitoring.process_batches"),
              "212 12 0.4 123");
}

TEST_F(IngestTest, LayoutsRememberTheDayOfTheirLastUse) {
    const auto last_used = [&] {
        return database.text("SELECT string_agg(last_used_day::text, ' ') FROM monitoring.layouts");
    };
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    EXPECT_EQ(last_used(), "2026-01-15");
    clock.advance(days{1});
    ASSERT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);  // a late one
    EXPECT_EQ(last_used(), "2026-01-16");
    clock.advance(days{3});
    ASSERT_EQ(aggregator.send(batch(1, 3)), IngestResult::stored);
    EXPECT_EQ(last_used(), "2026-01-19");
    clock.advance(-days{4});
    ASSERT_EQ(aggregator.send(batch(1, 4)), IngestResult::stored);
    EXPECT_EQ(last_used(), "2026-01-19");
}

TEST_F(IngestTest, ALayoutThatRetentionDeletedIsMadeAnew) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    clock.advance(days{5});
    database.run("DELETE FROM monitoring.layouts");
    Batch later = batch(1, 2);
    later.time += days{5};
    ASSERT_EQ(aggregator.send(later), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT \"timestamp\"::text FROM monitoring.system_metrics"),
              "2026-01-20 10:01:00+00");
}

TEST_F(IngestTest, NotingTheUseOfALayoutWaitsForNobody) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    clock.advance(days{1});
    store::Database other{database.options(1)};
    const auto session = other.acquire();
    store::Transaction holding{*session};
    session->execute_once("SELECT FROM monitoring.layouts FOR UPDATE");
    EXPECT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);
    EXPECT_EQ(rows("system_batches"), 2);
}

TEST_F(IngestTest, NarrowFormsAreExact) {
    Batch b = batch(1, 1);
    auto& p = b.processes->rows[0];
    p.memory_rss_bytes = 3LL << 40;  // 3 TiB in KiB does not fit int4
    p.memory_percent = 42.5;         // does not follow from the resident set
    p.disk_read_bytes = 512LL * 2'147'483'647;
    p.disk_write_bytes = 511;
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT concat_ws(' ', memory_mb, memory_percent, disk_read_bytes,"
                            " disk_write_bytes) FROM monitoring.process_metrics"
                            " WHERE process_id = 1"),
              "3145728 42.5 1099511627264 511");
    EXPECT_EQ(
        database.number("SELECT count(*) FROM monitoring.process_batches WHERE rss_kib IS NULL"
                        " AND read_bytes IS NULL AND write_sectors IS NULL"),
        1);
}

TEST_F(IngestTest, AProcessThatLivesOnIsOneRow) {
    for (int seq = 1; seq <= 5; ++seq)
        ASSERT_EQ(aggregator.send(batch(1, seq)), IngestResult::stored);
    EXPECT_EQ(rows("processes"), 2);
    // Another aggregator, which remembers nothing, finds the same rows.
    Aggregator other{database.options(), clock};
    ASSERT_EQ(other.send(batch(1, 6)), IngestResult::stored);
    EXPECT_EQ(rows("processes"), 2);
    Batch renamed = batch(1, 7);
    renamed.processes->rows[0].name = "init";
    ASSERT_EQ(other.send(renamed), IngestResult::stored);
    EXPECT_EQ(rows("processes"), 3);
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.process_metrics"
                              " WHERE process_name = 'systemd'"),
              6);
}

TEST_F(IngestTest, ProcessRowsStayUntilTheDayOfTheirLastBatch) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    Batch b = batch(1, 2);
    b.time += days{1};
    b.sent_at = b.time;
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.processes"
                              " WHERE last_seen_day >= '2026-01-16'"),
              2);
}

TEST_F(IngestTest, ProcessesDeletedMeanwhileAreInsertedAgain) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    database.run("DELETE FROM monitoring.processes");
    Batch b = batch(1, 2);
    b.time += days{1};
    b.sent_at = b.time;
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.process_metrics"
                              " WHERE \"timestamp\" > '2026-01-16'"),
              2);
}

TEST_F(IngestTest, HostsOfOneKindShareALayout) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    EXPECT_EQ(rows("layouts"), 1);
    Batch other = batch(2, 2);
    other.layout[1].label = "/srv";
    ASSERT_EQ(aggregator.send(other), IngestResult::stored);
    EXPECT_EQ(rows("layouts"), 2);
    EXPECT_EQ(rows("layout_entries"), 4);
}

// With what a layout counts for itself, fifty such batches are what a host may bring at once.
Batch with_new_series(Batch batch) {
    constexpr int kSeries = 4'950;
    batch.layout.clear();
    for (int i = 0; i < kSeries; ++i) {
        batch.layout.push_back(
            {"disk_usage_percent", std::to_string(batch.seq * kSeries + i), "percent"});
    }
    batch.values.assign(kSeries, 1);
    return batch;
}

// The writer remembers the host as the first agent's.
TEST_F(IngestTest, AnAgentThatIsHeldBackSaysNothingOfAHostThatIsAnothersByNow) {
    int seq = 0;
    const auto send = [&] {
        Batch b = with_new_series(batch(1, ++seq));
        b.hostname = "web-01";
        return aggregator.send(std::move(b));
    };
    while (send() == IngestResult::stored) ASSERT_LT(seq, 60);
    clock.advance(seconds{100});
    Aggregator other{database.options(8), clock};
    Batch taking = batch(2, 1);
    taking.hostname = "web-01";
    taking.time = taking.sent_at = clock.now();
    ASSERT_EQ(other.send(std::move(taking)), IngestResult::stored);
    database.run("UPDATE monitoring.hosts SET held_back_at = NULL");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(send(), IngestResult::host_conflict) << i;
    EXPECT_EQ(database.number("SELECT count(held_back_at) FROM monitoring.hosts"), 0);
}

TEST_F(IngestTest, AHostThatAlwaysHasNewSeriesIsHeldBackAndNobodyElse) {
    constexpr int kBatches = 50;  // what a host may bring at once
    const auto always_new = [&](std::int64_t seq) { return with_new_series(batch(1, seq)); };
    for (int seq = 1; seq <= kBatches; ++seq) {
        ASSERT_EQ(aggregator.send(always_new(seq)), IngestResult::stored) << seq;
    }
    EXPECT_EQ(aggregator.send(always_new(kBatches + 1)), IngestResult::too_many_series);
    EXPECT_EQ(aggregator.send(always_new(kBatches)), IngestResult::duplicate);
    EXPECT_EQ(database.text("SELECT hostname FROM monitoring.hosts WHERE held_back_at IS NOT NULL"
                            " AND held_back_at = last_seen"),
              "host-1");
    EXPECT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    clock.advance(seconds{60});
    EXPECT_EQ(aggregator.send(always_new(kBatches + 1)), IngestResult::stored);
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.layouts"), kBatches + 2);
}

TEST_F(IngestTest, KeepsTheFactsOfAHost) {
    Batch b = batch(1, 1);
    b.sent_at = clock.now() - std::chrono::milliseconds{1'500};
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT concat_ws('|', hostname, agent_version, interval_seconds, os,"
                            " kernel, cpu_count, memory_total_bytes, boot_time, clock_skew_ms,"
                            " last_seen) FROM monitoring.hosts"),
              "host-1|1.0.0|30|Debian GNU/Linux 12 (bookworm)|6.1.0-18-amd64|8|16000000000|"
              "2026-01-01 00:00:00+00|1500|2026-01-15 11:00:00+00");
    clock.advance(seconds{30});
    Batch newer = batch(1, 2);
    newer.agent.version = "1.1.0";
    ASSERT_EQ(aggregator.send(newer), IngestResult::stored);
    Batch late = batch(1, 0);
    late.agent.version = "0.9.0";
    ASSERT_EQ(aggregator.send(late), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT agent_version || ' ' || last_seen FROM monitoring.hosts"),
              "1.1.0 2026-01-15 11:00:30+00");
}

TEST_F(IngestTest, KeepsEvents) {
    Batch b = batch(1, 1);
    b.events = {{"oom_kill", b.time, R"({"pid":812})"}};
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT type || ' ' || (detail->>'pid') FROM monitoring.events"),
              "oom_kill 812");
}

TEST_F(IngestTest, BatchesOfOneMomentAreBothKept) {
    Batch twin = batch(1, 2);
    twin.time = batch(1, 1).time;
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(twin), IngestResult::stored);
    // Also for an aggregator that remembers nothing, and sent again.
    Batch third = twin;
    third.seq = 3;
    Aggregator other{database.options(), clock};
    ASSERT_EQ(other.send(third), IngestResult::stored);
    EXPECT_EQ(other.send(third), IngestResult::duplicate);
    EXPECT_EQ(aggregator.send(third), IngestResult::duplicate);
    EXPECT_EQ(rows("system_batches"), 3);
    EXPECT_EQ(rows("process_batches"), 3);
    EXPECT_EQ(database.text("SELECT (max(ts) - min(ts))::text FROM monitoring.system_batches"),
              "00:00:00.000002");
}

TEST_F(IngestTest, LateBatchesLandInTheirOwnTime) {
    for (const int seq : {5, 3, 4, 1, 2}) {
        ASSERT_EQ(aggregator.send(batch(1, seq)), IngestResult::stored);
    }
    Batch yesterday = batch(1, 6);
    yesterday.time -= days{3};
    ASSERT_EQ(aggregator.send(yesterday), IngestResult::stored);
    EXPECT_EQ(rows("system_batches"), 6);
    EXPECT_EQ(database.text("SELECT min(ts)::text FROM monitoring.system_batches"),
              "2026-01-12 10:03:00+00");
    EXPECT_EQ(database.text("SELECT received::text FROM monitoring.ingest_streams"), "{[1,7)}");
}

TEST_F(IngestTest, WhatIsTooOldIsAcceptedAndNotKept) {
    Batch old = batch(1, 1);
    old.time -= days{40};
    EXPECT_EQ(aggregator.send(old), IngestResult::expired);
    EXPECT_EQ(rows("system_batches"), 0);
    // A clock a day ahead is only noted.
    Batch skewed = batch(1, 3);
    skewed.time += hours{27};
    skewed.sent_at = skewed.time;
    EXPECT_EQ(aggregator.send(skewed), IngestResult::stored);
    EXPECT_LT(database.number("SELECT clock_skew_ms FROM monitoring.hosts"), -26 * 3'600'000);
}

// Its rows of that time lie in the future; what came after them is newer.
TEST_F(IngestTest, WhatIsNewestGoesByWhenItWasCollected) {
    Batch ahead = batch(1, 1);
    ahead.sent_at = ahead.time = clock.now() + hours{27};
    ahead.host.kernel = "old";
    ASSERT_EQ(aggregator.send(ahead), IngestResult::stored);
    const auto newest = [&] {
        return database.text(
            "SELECT latest_ts::text || ' ' || latest_process_ts::text || ' ' ||"
            " latest_made_at::text || ' ' || kernel FROM monitoring.hosts");
    };
    EXPECT_EQ(newest(), "2026-01-16 14:00:00+00 2026-01-16 14:00:00+00 2026-01-15 11:00:00+00 old");
    clock.advance(std::chrono::seconds{30});
    Batch right = batch(1, 2);
    right.sent_at = right.time = clock.now();
    right.host.kernel = "new";
    ASSERT_EQ(aggregator.send(right), IngestResult::stored);
    const std::string now =
        "2026-01-15 11:00:30+00 2026-01-15 11:00:30+00 2026-01-15 11:00:30+00 new";
    EXPECT_EQ(newest(), now);
    // A late one is not, nor for an aggregator that remembers nothing.
    Batch late = batch(1, 3);
    late.host.kernel = "late";
    Aggregator other{database.options(), clock};
    ASSERT_EQ(other.send(late), IngestResult::stored);
    EXPECT_EQ(newest(), now);
}

TEST_F(IngestTest, ProcessesAreKeptForTheirOwnTime) {
    Batch old = batch(1, 1);
    old.time -= days{10};  // processes: 7 days, metrics: 30 days
    ASSERT_EQ(aggregator.send(old), IngestResult::stored);
    EXPECT_EQ(rows("system_batches"), 1);
    EXPECT_EQ(rows("process_batches"), 0);
}

TEST_F(IngestTest, APartitionDroppedMeanwhileIsMadeAgain) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    database.run(
        "DROP TABLE monitoring.system_batches_20260115, monitoring.process_batches_20260115");
    ASSERT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);
    EXPECT_EQ(rows("system_batches"), 1);
}

TEST_F(IngestTest, CountsWhatItDid) {
    aggregator.send(batch(1, 1));
    aggregator.send(batch(1, 1));
    const std::string text = aggregator.metrics.expose();
    for (const std::string line : {"chorus_aggregator_ingest_batches_total{result=\"stored\"} 1",
                                   "chorus_aggregator_ingest_batches_total{result=\"duplicate\"} 1",
                                   "chorus_aggregator_ingest_samples_total{kind=\"process\"} 2",
                                   "chorus_aggregator_ingest_queue_length 0",
                                   "chorus_aggregator_ingest_commit_duration_seconds_count 2"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
    }
}

}  // namespace
}  // namespace chorus::ingest
