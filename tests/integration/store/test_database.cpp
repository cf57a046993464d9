#include "test_database.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "aggregator/postgres/sha256.h"
#include "aggregator/schema/migrator.h"

namespace chorus::store {
namespace {

std::string required_url() {
    const char* url = std::getenv("CHORUS_TEST_DATABASE_URL");
    if (url == nullptr) {
        throw std::runtime_error(
            "CHORUS_TEST_DATABASE_URL is not set; these tests need a private PostgreSQL 15, e.g. "
            "postgresql:///postgres?host=/tmp/x/run&user=chorus");
    }
    return url;
}

// The URL with another database.
std::string with_database(const std::string& url, const std::string& name) {
    const auto path = url.find('/', url.find("://") + 3);
    const auto query = url.find('?');
    return url.substr(0, path) + "/" + name + (query == std::string::npos ? "" : url.substr(query));
}

DatabaseOptions options_for(const std::string& url, int sessions) {
    DatabaseOptions options;
    options.url = url;
    options.application_name = "chorus test";
    options.sessions = sessions;
    return options;
}

std::string literal(std::string_view text) {
    return "'" + std::string{text} + "'";
}

}  // namespace

TestDatabase::TestDatabase() : server_url_(required_url()) {
    static std::atomic<int> counter{0};
    name_ = "chorus_store_" + std::to_string(getpid()) + "_" + std::to_string(++counter);
    auto options = options_for(server_url_, 2);
    options.statement_timeout = std::chrono::milliseconds{0};
    server_ = std::make_unique<Database>(options);
    server_->acquire()->execute_once("CREATE DATABASE " + name_);
}

TestDatabase::~TestDatabase() {
    try {
        server_->acquire()->execute_once("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    } catch (const std::exception&) {
        // The server is private and thrown away; a test that loses it has failed already.
    }
}

std::string TestDatabase::url() const {
    return with_database(server_url_, name_);
}

DatabaseOptions TestDatabase::options(int sessions) const {
    return options_for(url(), sessions);
}

FilledDatabase::FilledDatabase() : pool_(std::make_unique<Database>(options())) {
    Migrator{*pool_}.apply();
}

void FilledDatabase::run(const std::string& sql) {
    pool_->acquire()->execute_script(sql);
}

std::int64_t FilledDatabase::number(const std::string& sql) {
    const auto rows = pool_->acquire()->execute_once(sql);
    return rows[0].int8(0);
}

std::string FilledDatabase::text(const std::string& sql) {
    const auto rows = pool_->acquire()->execute_once(sql);
    return std::string{rows[0].text(0)};
}

std::int32_t FilledDatabase::add_host(std::string_view hostname) {
    return static_cast<std::int32_t>(number("INSERT INTO monitoring.hosts (hostname) VALUES (" +
                                            literal(hostname) + ") RETURNING host_id"));
}

std::int32_t FilledDatabase::add_layout(const std::vector<Entry>& entries) {
    std::string identity;
    for (const auto& entry : entries) identity += entry.metric_type + "\n" + entry.label + "\n";
    const auto lease = pool_->acquire();
    const auto id =
        lease
            ->execute_once(
                "INSERT INTO monitoring.layouts (digest) VALUES ($1) RETURNING layout_id",
                Parameters{}.bytea(sha256(identity)))[0]
            .int4(0);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        lease->execute_once("INSERT INTO monitoring.layout_entries VALUES ($1, $2, $3, $4, $5, $6)",
                            Parameters{}
                                .int4(id)
                                .int4(static_cast<std::int32_t>(i + 1))
                                .text(entries[i].metric_type)
                                .text(entries[i].label)
                                .text(entries[i].unit)
                                .json(entries[i].tags));
    }
    return id;
}

void FilledDatabase::add_batch(std::int32_t host, std::int32_t layout, const std::string& time,
                               const std::string& values, const std::string& received) {
    run("SELECT monitoring.ensure_partitions((timestamptz " + literal(time) +
        ")::date, (timestamptz " + literal(time) +
        ")::date); INSERT INTO monitoring.system_batches VALUES (" + literal(time) + ", " +
        literal(received.empty() ? time : received) + ", 7, " + std::to_string(host) + ", " +
        std::to_string(layout) + ", " + values + ")");
}

namespace {

// Times of a run of batches, and the partitions they need.
std::string ensure_sql(const std::string& from, int step, int count) {
    return "SELECT monitoring.ensure_partitions((timestamptz " + literal(from) +
           ")::date, (timestamptz " + literal(from) + " + interval '" +
           std::to_string(step * (count - 1)) + " s')::date);";
}

std::string times_sql(const std::string& from, int step, int count) {
    return "(SELECT n, timestamptz " + literal(from) + " + (n - 1) * interval '" +
           std::to_string(step) + " s' AS ts FROM generate_series(1, " + std::to_string(count) +
           ") AS n) AS t";
}

}  // namespace

void FilledDatabase::add_batches(std::int32_t host, std::int32_t layout, int elements,
                                 const std::string& from, int step, int count) {
    run(ensure_sql(from, step, count) +
        "INSERT INTO monitoring.system_batches SELECT ts, ts + interval '1 s', n, " +
        std::to_string(host) + ", " + std::to_string(layout) +
        ", ARRAY(SELECT (1000 * n + i)::float8 FROM generate_series(1, " +
        std::to_string(elements) + ") AS i) FROM " + times_sql(from, step, count));
}

std::int64_t FilledDatabase::add_processes(std::int32_t host, const std::string& prefix,
                                           int count) {
    const auto id = std::to_string(host);
    run("INSERT INTO monitoring.processes (host_id, digest, boot_id, pid, start_ticks, name,"
        " last_seen_day) SELECT " +
        id + ", md5(" + literal(prefix) + " || n)::uuid, md5('boot')::uuid, n, n, " +
        literal(prefix) + " || n, '2026-01-01' FROM generate_series(1, " + std::to_string(count) +
        ") AS n");
    return number("SELECT min(process_ref) FROM monitoring.processes WHERE host_id = " + id);
}

void FilledDatabase::add_process_batches(std::int32_t host, const std::string& from, int step,
                                         int count) {
    run(ensure_sql(from, step, count) +
        "INSERT INTO monitoring.process_batches (ts, received_at, host_id, scanned, ref_base,"
        " memory_total_bytes, refs, cpu_percent, rss_kib, read_sectors, states)"
        " SELECT ts, ts + interval '1 s', p.host_id, p.count, p.base, 1073741824, p.refs, p.cpu,"
        " p.rss, p.sectors, repeat('S', p.count::int) FROM " +
        times_sql(from, step, count) +
        ", (SELECT host_id, count(*) AS count, min(process_ref) AS base,"
        " array_agg((process_ref - low)::int ORDER BY process_ref) AS refs,"
        " array_agg(pid / 100.0::real ORDER BY process_ref)::real[] AS cpu,"
        " array_agg(pid * 1024 ORDER BY process_ref) AS rss,"
        " array_agg(CASE WHEN pid > 1 THEN pid END ORDER BY process_ref) AS sectors"
        " FROM (SELECT *, min(process_ref) OVER () AS low FROM monitoring.processes WHERE host_id "
        "= " +
        std::to_string(host) + ") AS q GROUP BY host_id) AS p");
}

Timestamp at(std::string_view rfc3339) {
    const auto time = parse_timestamp(rfc3339);
    if (!time) throw std::invalid_argument("not a time: " + std::string{rfc3339});
    return *time;
}

}  // namespace chorus::store
