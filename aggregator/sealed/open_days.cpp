#include "aggregator/sealed/open_days.h"

#include <algorithm>

#include "aggregator/sealed/day_tier.h"
#include "common/timestamp.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// A host whose clock is a day or two behind, and that is not silent, has its newest batch in such a
// day. One whose time stands still keeps no day from being packed. Late rows of a day whose values
// are gone go with their partition: packed, they would stand for the whole day in its history. $2:
// also days that such hosts keep.
constexpr Statement kDue{"sealed_due_days", R"sql(
SELECT p.day
FROM monitoring.batch_partitions('system_batches') p
WHERE (p.day + 1)::timestamp AT TIME ZONE 'UTC' + $1 <= now()
  AND ($2 OR (p.day + 4)::timestamp AT TIME ZONE 'UTC' <= now()
       OR p.day NOT IN (SELECT (coalesce(h.latest_ts, h.last_seen) AT TIME ZONE 'UTC')::date
                        FROM monitoring.hosts h
                        WHERE h.last_seen >= now() - interval '1 day'))
  AND NOT EXISTS (SELECT FROM monitoring.history_past h WHERE h.day = p.day)
  AND NOT EXISTS (SELECT FROM monitoring.sealed_days s WHERE s.day = p.day)
ORDER BY p.day
)sql"};

constexpr Statement kOlder{"sealed_older_aggregator", R"sql(
SELECT a.application_name, a.pid, coalesce(host(a.client_addr), 'this machine or another role''s')
FROM pg_stat_activity a,
     regexp_match(a.application_name, '^([^/]*)(?:/([0-9]{1,9}))?$') AS other,
     regexp_match(current_setting('application_name'), '^([^/]*)(?:/([0-9]{1,9}))?$') AS own
WHERE a.datname = current_database()
  AND other[1] = own[1] AND coalesce(other[2]::int, 0) < coalesce(own[2]::int, 0)
ORDER BY a.backend_start
LIMIT 1
)sql"};

constexpr Statement kCountMoved{"sealed_count_days", R"sql(
SELECT count(*) FROM monitoring.sealed_days
)sql"};

// From one host to the next through the primary key.
constexpr Statement kHosts{"sealed_hosts_of_day", R"sql(
WITH RECURSIVE found AS (
    (SELECT host_id FROM monitoring.system_batches
     WHERE ts >= $1 AND ts < $2 ORDER BY host_id LIMIT 1)
    UNION ALL
    SELECT (SELECT b.host_id FROM monitoring.system_batches b
            WHERE b.ts >= $1 AND b.ts < $2 AND b.host_id > f.host_id
            ORDER BY b.host_id LIMIT 1)
    FROM found f WHERE f.host_id IS NOT NULL)
SELECT f.host_id
FROM found f
JOIN monitoring.hosts h ON h.host_id = f.host_id
WHERE NOT EXISTS (SELECT FROM monitoring.sealed_batches s
                  WHERE s.host_id = f.host_id AND s.day = $3)
   OR EXISTS (SELECT FROM monitoring.late_days l WHERE l.host_id = f.host_id AND l.day = $3)
ORDER BY f.host_id
)sql"};

constexpr Statement kDifferent{"sealed_different", R"sql(
SELECT b.host_id
FROM (SELECT host_id, count(*) AS batches FROM monitoring.system_batches
      WHERE ts >= $1 AND ts < $2 GROUP BY host_id) b
JOIN monitoring.hosts h ON h.host_id = b.host_id
LEFT JOIN monitoring.sealed_batches s ON s.host_id = b.host_id AND s.day = $3
WHERE b.batches <> coalesce(cardinality(s.times), 0)
   OR EXISTS (SELECT FROM monitoring.late_days l WHERE l.host_id = b.host_id AND l.day = $3)
ORDER BY b.host_id
)sql"};

constexpr Statement kMarked{"sealed_marked", R"sql(
SELECT EXISTS (
    SELECT FROM monitoring.late_days l
    JOIN monitoring.hosts h ON h.host_id = l.host_id
    WHERE l.day = $3
      AND EXISTS (SELECT FROM monitoring.system_batches b
                  WHERE b.host_id = l.host_id AND b.ts >= $1 AND b.ts < $2))
)sql"};

// latest_ts is NULL where the newest batch came before that column.
constexpr Statement kLate{"sealed_late", R"sql(
SELECT l.host_id, l.day
FROM monitoring.late_days l
JOIN monitoring.sealed_days s ON s.day = l.day
JOIN monitoring.hosts h ON h.host_id = l.host_id
WHERE l.day < (coalesce(h.latest_ts, h.last_seen) AT TIME ZONE 'UTC')::date - 1
   OR h.last_seen < now() - interval '1 day'
ORDER BY l.day, l.host_id
)sql"};

constexpr Statement kMakePartitions{"sealed_make_partitions", R"sql(
SELECT monitoring.ensure_sealed_partitions($1)
)sql"};

void make_partitions(Session& session, std::chrono::sys_days day) {
    session.execute(kMakePartitions, Parameters{}.date(day));
}

std::optional<PackedDay> pack(Session& session, std::int64_t epoch, std::int32_t host_id,
                              std::chrono::sys_days day, Hot hot) {
    return pack_host_day(session, epoch, host_id, day, hot);
}

}  // namespace

std::vector<sys_days> due_days(Session& session, std::chrono::hours after) {
    return read_days(session.execute(kDue, Parameters{}.interval(after).boolean(false)));
}

std::vector<sys_days> waiting_days(Session& session, std::chrono::hours after) {
    return read_days(session.execute(kDue, Parameters{}.interval(after).boolean(true)));
}

std::int64_t count_moved_days(Session& session) {
    return session.execute(kCountMoved)[0].int8(0);
}

std::string older_aggregator(Session& session) {
    const auto found = session.execute(kOlder);
    if (found.empty()) return "";
    return std::string{found[0].text(0)} + " (PostgreSQL's process " +
           std::to_string(found[0].int4(1)) + ", from " + std::string{found[0].text(2)} + ")";
}

std::vector<std::int32_t> hosts_to_pack(Session& session, sys_days day) {
    return read_hosts(session.execute(kHosts, range_of(day)));
}

bool has_marks(Session& session, sys_days day) {
    return session.execute(kMarked, range_of(day))[0].boolean(0);
}

std::vector<std::int32_t> hosts_that_differ(Session& session, sys_days day) {
    return read_hosts(session.execute(kDifferent, range_of(day)));
}

std::vector<std::pair<std::int32_t, sys_days>> late_host_days(Session& session) {
    return read_host_days(session.execute(kLate));
}

std::vector<sys_days> read_days(const Result& rows) {
    std::vector<sys_days> list;
    for (const auto row : rows) list.push_back(row.date(0));
    return list;
}

std::vector<std::int32_t> read_hosts(const Result& rows) {
    std::vector<std::int32_t> hosts;
    for (const auto row : rows) hosts.push_back(row.int4(0));
    return hosts;
}

std::vector<std::pair<std::int32_t, sys_days>> read_host_days(const Result& rows) {
    std::vector<std::pair<std::int32_t, sys_days>> list;
    for (const auto row : rows) list.emplace_back(row.int4(0), row.date(1));
    return list;
}

std::string partition_suffix(sys_days day) {
    auto date = format_timestamp(Timestamp{day}).substr(0, 10);
    std::erase(date, '-');
    return date;
}

Parameters range_of(sys_days day) {
    return Parameters{}.timestamp(Timestamp{day}).timestamp(Timestamp{day + days{1}}).date(day);
}

const DayTier& metric_days() {
    static constexpr DayTier tier{"metrics",      due_days,          waiting_days, make_partitions,
                                  hosts_to_pack,  hosts_that_differ, pack,         move_day,
                                  late_host_days, count_moved_days,  true};
    return tier;
}

SealBacklog read_backlog(Session& session, std::chrono::hours after, const DayTier& tier) {
    SealBacklog backlog;
    backlog.moved = tier.count_moved(session);
    const auto over = tier.waiting_days(session, after);
    backlog.waiting = static_cast<std::int64_t>(over.size());
    if (!over.empty()) backlog.oldest_waiting = over.front();
    return backlog;
}

}  // namespace chorus::store
