#include "aggregator/history/processes/process_reader.h"

#include <algorithm>
#include <limits>

#include "aggregator/history/processes/packed_processes.h"
#include "aggregator/history/processes/process_page.h"
#include "aggregator/sealed/history_snapshot.h"
#include "aggregator/sealed/processes/process_reader.h"
#include "common/text.h"

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Up to so many processes it is cheaper to look each one up in every batch than to unfold all.
constexpr int kPickAtMost = 32;

constexpr Statement kProcessHostId{"process_host_id", R"sql(
SELECT host_id, interval_seconds FROM monitoring.hosts WHERE hostname = $1
)sql"};

constexpr const char* kCandidates = R"sql(
SELECT p.process_ref
FROM monitoring.processes p
WHERE ($1::int IS NULL OR p.host_id = $1)
  AND ($2::text IS NULL OR p.name LIKE $2)
  AND ($3::int IS NULL OR p.pid = $3)
  AND ($4::text IS NULL OR p.username LIKE $4)
  AND ($5::text IS NULL OR p.unit LIKE $5)
  AND ($6::text IS NULL OR p.container_id LIKE $6)
LIMIT $7
)sql";

constexpr const char* kCountProcesses = R"sql(
SELECT count(*)
FROM monitoring.process_batches b
CROSS JOIN LATERAL ROWS FROM (unnest(b.refs), unnest(b.refs_wide)) AS u(ref, ref_wide)
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide)
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
)sql";

// One clock that is ahead must not hide the present of all others, nor of its own host once it is
// set.
constexpr const char* kNewestTime = R"sql(
SELECT b.ts
FROM monitoring.process_batches b
WHERE ($1::int IS NULL OR b.host_id = $1) AND b.ts <= $2
  AND b.ts <= CASE WHEN $1::int IS NULL THEN now()
                   ELSE coalesce((SELECT h.latest_process_ts FROM monitoring.hosts h
                                  WHERE h.host_id = $1), 'infinity') END
ORDER BY b.ts DESC
LIMIT 1
)sql";

// The newest table by the host's clock, which may be ahead by the two days that ingest accepts and
// may have left rows in the future; and when it was collected by the aggregator's. A host's row may
// be older than the column that tells.
constexpr const char* kLastOfHost = R"sql(
SELECT b.ts, coalesce(h.latest_process_ts - (h.latest_ts - h.latest_made_at),
                      least(b.ts, b.received_at)) >
             now() - greatest(interval '5 minutes', h.interval_seconds * 10 * interval '1 second')
FROM monitoring.hosts h
CROSS JOIN LATERAL (
    SELECT ts, received_at
    FROM monitoring.process_batches
    WHERE host_id = h.host_id
      AND ts <= coalesce(h.latest_process_ts, now() + interval '48 hours')
    ORDER BY ts DESC
    LIMIT 1) AS b
WHERE h.hostname = $1
)sql";

constexpr const char* kNewestPossible = R"sql(
SELECT host_id, coalesce(latest_process_ts, now() + interval '48 hours')
FROM monitoring.hosts WHERE hostname = $1
)sql";

constexpr const char* kSnapshot = R"sql(
SELECT b.ts, b.received_at, b.scanned, b.other_count, b.other_cpu_percent, b.other_rss_bytes
FROM monitoring.process_batches b
WHERE b.host_id = $1 AND b.ts BETWEEN $2 AND $3
ORDER BY b.ts DESC
LIMIT 1
)sql";

// LIKE pattern of a name or glob; `\` escapes, as monitoring.glob_to_like has it.
std::optional<std::string> like_pattern(const std::optional<std::string>& name) {
    if (!name) return std::nullopt;
    const bool glob = is_glob(*name);
    std::string pattern;
    for (const char c : *name) {
        if (c == '\\' || c == '%' || c == '_') pattern.push_back('\\');
        pattern.push_back(glob && c == '*' ? '%' : glob && c == '?' ? '_' : c);
    }
    return pattern;
}

struct Filters : ProcessFilter {
    bool impossible = false;  // nothing can match
};

Filters resolve(Session& session, const ProcessQuery& query) {
    Filters filters;
    filters.start = query.start.value_or(Timestamp::min());
    filters.end = query.end.value_or(Timestamp::max());
    if (query.hostname) {
        const auto hosts = session.execute(kProcessHostId, Parameters{}.text(*query.hostname));
        filters.impossible = hosts.empty();
        if (!hosts.empty()) filters.host_id = hosts[0].int4(0);
    }
    filters.name_pattern = like_pattern(query.process_name);
    filters.username_pattern = like_pattern(query.username);
    filters.unit_pattern = like_pattern(query.unit);
    filters.container_pattern = like_pattern(query.container_id);
    if (query.process_id) {
        if (*query.process_id > std::numeric_limits<std::int32_t>::max()) filters.impossible = true;
        filters.pid = static_cast<std::int32_t>(*query.process_id);
    }
    return filters;
}

// Keeps a sort over values from unfolding a whole retention: without a start it looks at the hour
// that ends with the newest table.
void narrow_for_sort(Session& session, const ProcessQuery& query, Filters& filters) {
    if (query.sort == ProcessSort::timestamp || query.start) return;
    std::optional<Timestamp> newest;
    for (const auto row : session.execute_once(
             kNewestTime, Parameters{}.int4(filters.host_id).timestamp(filters.end))) {
        newest = row.timestamp(0);
    }
    const auto since = newest.value_or(Timestamp::min());
    if (!newest || !find_sealed_process_days(session, since, filters.end).empty()) {
        newest = std::max(newest, newest_sealed_table(session, filters.host_id, filters.end));
    }
    if (!newest) return;
    filters.end = *newest;
    filters.start = filters.end - hours{1};
}

// process_refs that the filters of processes select; nullopt if those are many or all.
std::optional<std::vector<std::int64_t>> candidates(Session& session, const Filters& filters) {
    if (!filters.names_processes()) return std::nullopt;
    Parameters parameters;
    parameters.int4(filters.host_id);
    add_process_filters(parameters, filters);
    parameters.int8(kPickAtMost + 1);
    std::vector<std::int64_t> refs;
    for (const auto row : session.execute_once(kCandidates, parameters)) {
        refs.push_back(row.int8(0));
    }
    if (refs.size() > kPickAtMost) return std::nullopt;
    return refs;
}

}  // namespace

std::vector<ProcessRow> ProcessReader::find(const ProcessQuery& query) const {
    return database_.read([&](Session& session) {
        const HistorySnapshot snapshot{session};
        auto filters = resolve(session, query);
        if (filters.impossible) return std::vector<ProcessRow>{};
        ProcessPage page{{query.ascending, query.sort, std::nullopt},
                         candidates(session, filters),
                         query.limit,
                         query.offset};
        if (page.refs && page.refs->empty()) return std::vector<ProcessRow>{};
        narrow_for_sort(session, query, filters);
        if (query.after && query.sort == ProcessSort::timestamp) {
            page.order.after = query.after;
            if (query.ascending) {
                filters.start = std::max(filters.start, query.after->time);
            } else {
                filters.end = std::min(filters.end, query.after->time);
            }
        }
        return read_process_page(session, filters, page);
    });
}

std::int64_t ProcessReader::count(const ProcessQuery& query) const {
    return database_.read([&](Session& session) -> std::int64_t {
        const HistorySnapshot snapshot{session};
        auto filters = resolve(session, query);
        if (filters.impossible) return 0;
        narrow_for_sort(session, query, filters);
        Parameters parameters;
        parameters.int4(filters.host_id).timestamp(filters.start).timestamp(filters.end);
        add_process_filters(parameters, filters);
        return session.execute_once(kCountProcesses, parameters)[0].int8(0) +
               count_packed_processes(session, filters);
    });
}

namespace {

// Of the table that was found in process_batches.
ProcessSnapshot read_stored_table(Session& session, std::int32_t host_id, const Row& found) {
    ProcessSnapshot snapshot;
    snapshot.time = found.timestamp(0);
    snapshot.created_at = found.timestamp(1);
    snapshot.scanned = found.int8(2);
    snapshot.other_count = found.optional_int8(3);
    snapshot.other_cpu_percent = found.optional_float8(4);
    if (const auto rss = found.optional_int8(5)) {
        snapshot.other_memory_mb = static_cast<double>(*rss) / 1048576.0;
    }
    ProcessFilter filter;
    filter.host_id = host_id;
    filter.start = filter.end = snapshot.time;
    snapshot.rows = read_stored_processes(session, filter);
    return snapshot;
}

ProcessSnapshot read_packed_table(Session& session, const TablePlace& place,
                                  const FoundTable& found) {
    const auto& head = found.block.heads[found.table];
    ProcessSnapshot snapshot;
    snapshot.time = head.time;
    snapshot.created_at = head.time + head.delay;
    snapshot.scanned = head.scanned;
    snapshot.other_count = head.other_count;
    snapshot.other_cpu_percent = head.other_cpu_percent;
    if (head.other_rss_bytes) {
        snapshot.other_memory_mb = static_cast<double>(*head.other_rss_bytes) / 1048576.0;
    }
    snapshot.rows = rows_of_table(session, found, place);
    return snapshot;
}

// Which days may have it.
enum class Days { not_moved, all };

std::optional<ProcessSnapshot> read_snapshot(Session& session, const std::string& hostname,
                                             Timestamp time, Days days) {
    const auto hosts = session.execute(kProcessHostId, Parameters{}.text(hostname));
    if (hosts.empty()) return std::nullopt;
    const auto host_id = hosts[0].int4(0);
    const std::chrono::duration<double> ten_intervals{hosts[0].float8(1) * 10};
    const auto age = std::max<std::chrono::microseconds>(
        minutes{5}, std::chrono::duration_cast<std::chrono::microseconds>(ten_intervals));
    const auto stored = session.execute_once(
        kSnapshot, Parameters{}.int4(host_id).timestamp(time - age).timestamp(time));
    // A day that has moved may have got a late table since.
    const auto first = stored.empty() ? time - age : stored[0].timestamp(0);
    std::optional<ProcessSnapshot> snapshot;
    const auto packed =
        days == Days::all ? find_newest_table(session, host_id, first, time) : std::nullopt;
    if (packed && (stored.empty() || packed->block.heads[packed->table].time > first)) {
        snapshot = read_packed_table(session, {host_id, hostname}, *packed);
    } else if (!stored.empty()) {
        snapshot = read_stored_table(session, host_id, stored[0]);
    }
    if (snapshot) snapshot->hostname = hostname;
    return snapshot;
}

}  // namespace

std::optional<ProcessSnapshot> ProcessReader::at(const std::string& hostname,
                                                 Timestamp time) const {
    return database_.read([&](Session& session) {
        const HistorySnapshot snapshot{session};
        return read_snapshot(session, hostname, time, Days::all);
    });
}

// What is packed is too old for a host that still reports.
std::optional<ProcessSnapshot> ProcessReader::newest(const std::string& hostname) const {
    return database_.read([&](Session& session) -> std::optional<ProcessSnapshot> {
        const auto rows = session.execute_once(kLastOfHost, Parameters{}.text(hostname));
        if (rows.empty() || !rows[0].boolean(1)) return std::nullopt;
        return read_snapshot(session, hostname, rows[0].timestamp(0), Days::not_moved);
    });
}

std::optional<Timestamp> ProcessReader::last_time(const std::string& hostname) const {
    return database_.read([&](Session& session) -> std::optional<Timestamp> {
        const HistorySnapshot snapshot{session};
        const auto hosts = session.execute_once(kNewestPossible, Parameters{}.text(hostname));
        if (hosts.empty()) return std::nullopt;
        const auto rows = session.execute_once(kLastOfHost, Parameters{}.text(hostname));
        const auto stored = rows.empty() ? std::nullopt : std::optional{rows[0].timestamp(0)};
        return std::max(stored,
                        newest_sealed_table(session, hosts[0].int4(0), hosts[0].timestamp(1)));
    });
}

}  // namespace chorus::store
