#include "aggregator/sealed/processes/process_days.h"

#include "aggregator/sealed/open_days.h"
#include "aggregator/sealed/processes/process_day.h"

namespace chorus::store {
namespace {

using std::chrono::sys_days;

constexpr Statement kMakePartition{"process_make_partition", R"sql(
SELECT monitoring.ensure_sealed_process_partition($1)
)sql"};

// As in open_days.cpp: readers of what is newest look into process_batches alone, and a host whose
// time stands still keeps no day from being packed. $2: also days that such hosts keep.
constexpr Statement kDue{"process_due_days", R"sql(
SELECT p.day
FROM monitoring.batch_partitions('process_batches') p
WHERE (p.day + 1)::timestamp AT TIME ZONE 'UTC' + $1 <= now()
  AND ($2 OR (p.day + 4)::timestamp AT TIME ZONE 'UTC' <= now()
       OR p.day NOT IN (
              SELECT (coalesce(h.latest_process_ts, h.last_seen) AT TIME ZONE 'UTC')::date
              FROM monitoring.hosts h
              WHERE h.last_seen >= now() - interval '1 day'))
  AND NOT EXISTS (SELECT FROM monitoring.sealed_process_days s WHERE s.day = p.day)
ORDER BY p.day
)sql"};

constexpr Statement kMoved{"process_count_days", R"sql(
SELECT count(*) FROM monitoring.sealed_process_days
)sql"};

// From one host to the next through the primary key.
constexpr Statement kHosts{"process_hosts_of_day", R"sql(
WITH RECURSIVE found AS (
    (SELECT host_id FROM monitoring.process_batches
     WHERE ts >= $1 AND ts < $2 ORDER BY host_id LIMIT 1)
    UNION ALL
    SELECT (SELECT b.host_id FROM monitoring.process_batches b
            WHERE b.ts >= $1 AND b.ts < $2 AND b.host_id > f.host_id
            ORDER BY b.host_id LIMIT 1)
    FROM found f WHERE f.host_id IS NOT NULL)
SELECT f.host_id
FROM found f
JOIN monitoring.hosts h ON h.host_id = f.host_id
WHERE NOT EXISTS (SELECT FROM monitoring.sealed_processes s
                  WHERE s.host_id = f.host_id AND s.day = $3)
   OR EXISTS (SELECT FROM monitoring.late_process_days l
              WHERE l.host_id = f.host_id AND l.day = $3)
ORDER BY f.host_id
)sql"};

constexpr Statement kDifferent{"process_different", R"sql(
SELECT b.host_id
FROM (SELECT host_id, count(*) AS tables FROM monitoring.process_batches
      WHERE ts >= $1 AND ts < $2 GROUP BY host_id) b
JOIN monitoring.hosts h ON h.host_id = b.host_id
LEFT JOIN (SELECT host_id, sum(cardinality(times)) AS tables FROM monitoring.sealed_processes
           WHERE day = $3 GROUP BY host_id) s ON s.host_id = b.host_id
WHERE b.tables <> coalesce(s.tables, 0)
   OR EXISTS (SELECT FROM monitoring.late_process_days l
              WHERE l.host_id = b.host_id AND l.day = $3)
ORDER BY b.host_id
)sql"};

constexpr Statement kMarked{"process_marked", R"sql(
SELECT EXISTS (
    SELECT FROM monitoring.late_process_days l
    JOIN monitoring.hosts h ON h.host_id = l.host_id
    WHERE l.day = $3
      AND EXISTS (SELECT FROM monitoring.process_batches b
                  WHERE b.host_id = l.host_id AND b.ts >= $1 AND b.ts < $2))
)sql"};

// latest_process_ts is NULL where the newest table came before that column.
constexpr Statement kLate{"process_late", R"sql(
SELECT l.host_id, l.day
FROM monitoring.late_process_days l
JOIN monitoring.sealed_process_days s ON s.day = l.day
JOIN monitoring.hosts h ON h.host_id = l.host_id
WHERE l.day < (coalesce(h.latest_process_ts, h.last_seen) AT TIME ZONE 'UTC')::date - 1
   OR h.last_seen < now() - interval '1 day'
ORDER BY l.day, l.host_id
)sql"};

void make_partition(Session& session, sys_days day) {
    session.execute(kMakePartition, Parameters{}.date(day));
}

std::vector<sys_days> days_that_are_over(Session& session, std::chrono::hours after,
                                         bool also_kept) {
    return read_days(session.execute(kDue, Parameters{}.interval(after).boolean(also_kept)));
}

std::vector<sys_days> due_tables(Session& session, std::chrono::hours after) {
    return days_that_are_over(session, after, false);
}

std::vector<sys_days> waiting_tables(Session& session, std::chrono::hours after) {
    return days_that_are_over(session, after, true);
}

std::int64_t count_moved(Session& session) {
    return session.execute(kMoved)[0].int8(0);
}

std::vector<std::int32_t> to_pack(Session& session, sys_days day) {
    return read_hosts(session.execute(kHosts, range_of(day)));
}

std::vector<std::int32_t> that_differ(Session& session, sys_days day) {
    return read_hosts(session.execute(kDifferent, range_of(day)));
}

std::vector<std::pair<std::int32_t, sys_days>> late_days(Session& session) {
    return read_host_days(session.execute(kLate));
}

bool tables_differ(Session& session, sys_days day) {
    return !that_differ(session, day).empty();
}

bool tables_are_marked(Session& session, sys_days day) {
    return session.execute(kMarked, range_of(day))[0].boolean(0);
}

Move move(Session& session, std::int64_t epoch, sys_days day, Proof proof) {
    return move_partition(session, epoch, day, "process_batches", "sealed_process_days",
                          proof == Proof::count ? tables_differ : tables_are_marked);
}

}  // namespace

const DayTier& process_table_days() {
    static constexpr DayTier tier{
        "processes",      due_tables, waiting_tables, make_partition, to_pack, that_differ,
        pack_process_day, move,       late_days,      count_moved,    false};
    return tier;
}

}  // namespace chorus::store
