// Processes as the API reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/history/processes/process_reader.h"
#include "readers_fixture.h"

namespace chorus::store {
namespace {

using testing::ElementsAre;

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
    EXPECT_EQ(rows[0].process.name, "worker3");
    EXPECT_EQ(rows[0].process.pid, 3);
    EXPECT_EQ(rows[0].process.cpu_percent, 0.03);
    EXPECT_EQ(rows[0].process.memory_rss_bytes, 3 << 20);
    EXPECT_EQ(rows[0].process.memory_percent, 0.293);  // 3 MiB of 1 GiB, four decimals
    EXPECT_EQ(rows[0].process.disk_read_bytes, 3 * 512);
    EXPECT_EQ(rows[0].process.disk_write_bytes, std::nullopt);
    EXPECT_EQ(rows[0].process.state, ProcessState::sleeping);
    EXPECT_EQ(rows[0].process.user, "");
    EXPECT_EQ(rows[2].process.pid, 1);
    EXPECT_EQ(rows[2].process.disk_read_bytes, std::nullopt);
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

TEST_F(Readers, ProcessesByUserUnitAndContainer) {
    database_.add_processes(web_, "worker", 40);
    database_.run(
        "UPDATE monitoring.processes SET"
        " username = CASE WHEN pid <= 35 THEN 'root' ELSE 'www-data' END,"
        " unit = CASE WHEN pid = 1 THEN 'nginx.service' ELSE '' END,"
        " container_id = CASE WHEN pid IN (1, 36) THEN 'abc_1' WHEN pid = 37 THEN 'abcd1' ELSE '' "
        "END");
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 2);
    const ProcessReader reader{database_.pool()};
    const auto count = [&](const ProcessQuery& query) {
        EXPECT_EQ(static_cast<std::int64_t>(reader.find(query).size()), reader.count(query));
        return reader.count(query);
    };
    ProcessQuery user;
    user.username = "root";  // more than are looked up one by one
    EXPECT_EQ(count(user), 70);
    user.username = "www-*";
    EXPECT_EQ(count(user), 10);
    user.username = "www";
    EXPECT_EQ(count(user), 0);
    ProcessQuery unit;
    unit.unit = "nginx.*";
    EXPECT_EQ(count(unit), 2);
    ProcessQuery container;
    container.container_id = "abc_1";  // whose `_` is no pattern
    EXPECT_EQ(count(container), 4);
    container.username = "root";
    EXPECT_EQ(count(container), 2);
    container.hostname = "db-01";
    EXPECT_EQ(count(container), 0);
}

TEST_F(Readers, ProcessesByNameGlobPidAndSort) {
    database_.add_processes(web_, "worker", 40);
    database_.add_process_batches(web_, "2026-01-02 10:00:00+00", 30, 2);
    database_.add_processes(db_, "postgres_", 2);
    database_.add_process_batches(db_, "2026-01-02 10:00:00+00", 30, 2);
    const ProcessReader reader{database_.pool()};
    const auto pids = [&](const ProcessQuery& query) {
        std::vector<std::int32_t> list;
        for (const auto& row : reader.find(query)) list.push_back(row.process.pid);
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
        picked.process_name = row.process.name;
        picked.start = row.time;
        picked.end = row.time;
        const auto same = reader.find(picked);
        ASSERT_EQ(same.size(), 1U);
        EXPECT_EQ(same[0].id, row.id);
        EXPECT_EQ(same[0].process.cpu_percent, row.process.cpu_percent);
        EXPECT_EQ(same[0].process.memory_percent, row.process.memory_percent);
        EXPECT_EQ(same[0].process.disk_read_bytes, row.process.disk_read_bytes);
        EXPECT_EQ(same[0].process.state, row.process.state);
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
        EXPECT_EQ(row.process.cpu_percent, 12.3);
        EXPECT_EQ(row.process.memory_rss_bytes, 4'398'046'511'104);
        EXPECT_EQ(row.process.memory_percent, 55.5);
        EXPECT_EQ(row.process.disk_read_bytes, 1'099'511'627'777);
        EXPECT_EQ(row.process.disk_write_bytes, 3);
        EXPECT_EQ(row.process.num_threads, 7);
        EXPECT_EQ(row.process.fd_count, 8);
        EXPECT_EQ(row.process.state, std::nullopt);
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
    EXPECT_EQ(table->rows[0].process.name, "worker1");
    EXPECT_EQ(reader.at("web-01", at("2026-01-02T10:06:00Z"))->time, at("2026-01-02T10:01:00Z"));
    EXPECT_FALSE(reader.at("web-01", at("2026-01-02T10:06:01Z")));  // ten intervals
    EXPECT_FALSE(reader.at("nobody", at("2026-01-02T10:00:30Z")));
    EXPECT_EQ(
        database_.number("SELECT count(*) FROM monitoring.processes_at('web-01',"
                         " '2026-01-02 10:00:59+00') WHERE timestamp = '2026-01-02 10:00:30+00'"),
        3);
}

// "Now" is of a host that reports. What is stored of one that died long ago is the past, and what
// another one runs is nobody else's.
class ProcessesOfNow : public Readers {
  protected:
    // Three tables, the last of them so long ago, as ingest leaves them; `noted` as of an
    // aggregator that notes which batch is the newest.
    void reported(std::int32_t host, const std::string& ago, bool noted = true) {
        const std::string newest = "(now() - interval '" + ago + "')";
        database_.add_processes(host, "worker", 2);
        database_.add_process_batches(
            host, database_.text("SELECT (" + newest + " - interval '1 minute')::text"), 30, 3);
        database_.run(
            "UPDATE monitoring.hosts SET last_seen = " + newest +
            (noted ? ", latest_ts = t.ts, latest_process_ts = t.ts, latest_made_at = t.ts" : "") +
            " FROM (SELECT max(ts) AS ts FROM monitoring.process_batches WHERE host_id = " +
            std::to_string(host) + ") AS t WHERE host_id = " + std::to_string(host));
    }
    Timestamp last_of(std::int32_t host) {
        return from_unix_micros(
            database_.number("SELECT (extract(epoch FROM max(ts)) * 1000000)::bigint"
                             " FROM monitoring.process_batches WHERE host_id = " +
                             std::to_string(host)));
    }

    const ProcessReader reader_{database_.pool()};
};

TEST_F(ProcessesOfNow, AHostThatDiedHasNoneAndItsLastOnesAreAskedForByTheirTime) {
    reported(web_, "2 hours");
    reported(db_, "20 seconds");
    EXPECT_FALSE(reader_.newest("web-01"));
    ASSERT_TRUE(reader_.newest("db-01"));
    EXPECT_EQ(reader_.newest("db-01")->hostname, "db-01");
    EXPECT_EQ(reader_.newest("db-01")->time, last_of(db_));
    EXPECT_FALSE(reader_.newest("nobody"));
    const auto last = reader_.last_time("web-01");
    ASSERT_TRUE(last);
    EXPECT_EQ(*last, last_of(web_));
    ASSERT_TRUE(reader_.at("web-01", *last));
    EXPECT_EQ(reader_.at("web-01", *last)->rows.size(), 2U);
    EXPECT_EQ(reader_.last_time("nobody"), std::nullopt);
}

// Ten intervals, at least five minutes.
TEST_F(ProcessesOfNow, HowLongTheyAreOfNowGoesByTheInterval) {
    reported(web_, "250 seconds");
    reported(db_, "350 seconds");
    EXPECT_TRUE(reader_.newest("web-01"));
    EXPECT_FALSE(reader_.newest("db-01"));
    database_.run("UPDATE monitoring.hosts SET interval_seconds = 60");
    EXPECT_TRUE(reader_.newest("db-01"));
}

// A host that was last heard of before an upgrade.
TEST_F(ProcessesOfNow, WhereTheNewestWasNotNotedTheRowsTell) {
    reported(web_, "2 hours", false);
    reported(db_, "20 seconds", false);
    EXPECT_FALSE(reader_.newest("web-01"));
    EXPECT_EQ(reader_.last_time("web-01"), last_of(web_));
    ASSERT_TRUE(reader_.newest("db-01"));
    EXPECT_EQ(reader_.newest("db-01")->time, last_of(db_));
}

}  // namespace
}  // namespace chorus::store
