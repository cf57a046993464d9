// Packs the process tables of all days of a database and reads them back: `pack_processes
// DATABASE_URL` prints as JSON what that took. The database is a copy that may be spoilt: its days
// count as moved, also the newest.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "aggregator/history/processes/process_history.h"
#include "aggregator/history/processes/process_reader.h"
#include "aggregator/postgres/database.h"
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/processes/process_day.h"
#include "common/json_writer.h"

namespace {

using namespace chorus;
using Steady = std::chrono::steady_clock;
using std::chrono::days;
using std::chrono::sys_days;

double milliseconds_since(Steady::time_point begin) {
    return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

double median(std::vector<double> list) {
    std::ranges::sort(list);
    return list.empty() ? 0 : list[list.size() / 2];
}

std::vector<sys_days> days_of(store::Session& session) {
    std::vector<sys_days> list;
    for (const auto row : session.execute_once(
             "SELECT day FROM monitoring.batch_partitions('process_batches') ORDER BY day")) {
        list.push_back(row.date(0));
    }
    return list;
}

std::int64_t bytes_of(store::Session& session, const std::string& parent) {
    return session
        .execute_once("SELECT coalesce(sum(bytes), 0)::bigint FROM monitoring.batch_partitions('" +
                      parent + "')")[0]
        .int8(0);
}

store::PackedDay pack_all(store::Database& database, std::int64_t epoch,
                          const std::vector<sys_days>& list) {
    store::PackedDay all;
    const auto session = database.acquire();
    for (const auto day : list) {
        session->execute_once("SELECT monitoring.ensure_sealed_process_partition($1)",
                              store::Parameters{}.date(day));
        for (const auto row : session->execute_once("SELECT host_id FROM monitoring.hosts")) {
            store::Transaction transaction{*session};
            const auto packed =
                store::pack_process_day(*session, epoch, row.int4(0), day, store::Hot::whole_day);
            transaction.commit();
            if (!packed) continue;
            all.batches += packed->batches;
            all.series += packed->series;
            all.samples += packed->samples;
        }
        session->execute_once("INSERT INTO monitoring.sealed_process_days (day) VALUES ($1)",
                              store::Parameters{}.date(day));
    }
    return all;
}

// Milliseconds for the process table of a random moment, and for the history of a random process of
// it over seven days.
void read_some(store::Database& database, const std::string& hostname,
               const std::vector<sys_days>& list, JsonWriter& out) {
    constexpr int kMoments = 200;
    std::mt19937_64 random{1};
    std::vector<double> moments, histories;
    const auto span = std::chrono::microseconds{days{list.size()}}.count();
    const Timestamp end{list.back() + days{1}};
    const store::ProcessReader tables{database};
    const store::ProcessHistoryReader history{database};
    std::size_t processes = 0, points = 0;
    for (int i = 0; i < kMoments; ++i) {
        const auto time = Timestamp{list.front()} +
                          std::chrono::microseconds{random() % static_cast<std::uint64_t>(span)};
        auto begin = Steady::now();
        const auto table = tables.at(hostname, time);
        moments.push_back(milliseconds_since(begin));
        if (!table || table->rows.empty()) continue;
        processes += table->rows.size();
        const auto& row = table->rows[random() % table->rows.size()];
        store::ProcessHistoryQuery query;
        query.hostname = hostname;
        query.process_id = row.process.pid;
        query.started_at = row.started_at;
        query.start = end - days{7};
        query.end = end;
        begin = Steady::now();
        const auto answer = history.read(query);
        histories.push_back(milliseconds_since(begin));
        points += answer ? answer->times.size() : 0;
    }
    out.field("moment_ms", median(moments))
        .field("seven_days_ms", median(histories))
        .field("processes_read", processes)
        .field("points_read", points);
}

int pack(const char* url) {
    store::DatabaseOptions options;
    options.url = url;
    options.sessions = 2;
    store::Database database{options};
    const auto epoch =
        store::take_lease(*database.acquire(), "pack_processes", std::chrono::hours{6});
    if (!epoch) throw std::runtime_error("another program leads");
    const auto list = days_of(*database.acquire());
    if (list.empty()) throw std::runtime_error("there is no day to pack");
    const std::string hostname{
        database.acquire()
            ->execute_once("SELECT hostname FROM monitoring.hosts ORDER BY host_id LIMIT 1")[0]
            .text(0)};
    JsonWriter out;
    out.begin_object().field("stored_bytes", bytes_of(*database.acquire(), "process_batches"));
    const auto begin = Steady::now();
    const auto packed = pack_all(database, *epoch, list);
    out.field("pack_seconds", milliseconds_since(begin) / 1e3)
        .field("tables", packed.batches)
        .field("samples", packed.samples)
        .field("runs", packed.series);
    database.acquire()->execute_once("VACUUM ANALYZE monitoring.sealed_processes");
    out.field("packed_bytes", bytes_of(*database.acquire(), "sealed_processes"));
    // As a move leaves it: none of these days has rows any more.
    database.acquire()->execute_script("TRUNCATE monitoring.process_batches");
    read_some(database, hostname, list, out);
    out.end_object();
    std::puts(out.text().c_str());
    store::release_lease(*database.acquire(), *epoch);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: pack_processes DATABASE_URL\n", stderr);
        return 64;
    }
    try {
        return pack(argv[1]);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "pack_processes: %s\n", e.what());
        return 1;
    }
}
