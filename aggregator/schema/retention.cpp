#include "aggregator/schema/retention.h"

#include <algorithm>
#include <optional>
#include <thread>

#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;

constexpr Logger kRetentionLog{"retention"};
constexpr int kAttempts = 5;
constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::chrono::milliseconds kBetweenAttempts{200};
constexpr hours kClockTolerance{1};
constexpr hours kKeyLife{24};  // of an Idempotency-Key

// The clocks to compare: the database's, and the newest sample of any host. Of packed days their
// end will do: it lies further back than what the comparison tolerates, because a day is packed a
// day after its end. So where all is packed, nobody reports.
constexpr const char* kClocks = R"sql(
SELECT now(),
       greatest((SELECT max(ts) FROM monitoring.system_batches),
                (SELECT max(ts) FROM monitoring.process_batches),
                (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'UTC' FROM monitoring.sealed_days))
)sql";

constexpr Statement kPartitions{"retention_partitions",
                                "SELECT partition, day FROM monitoring.batch_partitions($1)"};

// Packed days that nobody looks at. Not those that are just being packed, whose rows are there
// still, and not those that have moved since the others were forgotten: charts look at these.
constexpr Statement kForgottenPartitions{"retention_forgotten_partitions", R"sql(
SELECT p.partition, p.day
FROM monitoring.batch_partitions($1) p
WHERE NOT EXISTS (SELECT FROM monitoring.sealed_days s WHERE s.day = p.day)
  AND (EXISTS (SELECT FROM monitoring.history_past h WHERE h.day = p.day)
       OR p.day NOT IN (SELECT b.day FROM monitoring.batch_partitions('system_batches') b))
)sql"};

// While DETACH waits for its lock, inserts wait behind it: that is what the short timeout bounds.
constexpr const char* kDropLockTimeout = "SET LOCAL lock_timeout = '300ms'";

constexpr const char* kDeleteProcesses =
    "DELETE FROM monitoring.processes WHERE last_seen_day < $1";

constexpr const char* kDeleteLayouts = "DELETE FROM monitoring.layouts WHERE last_used_day < $1";

// Days that have not moved yet are counted by their rows.
constexpr Statement kPackedBatches{"retention_packed_batches", R"sql(
SELECT coalesce(sum(cardinality(b.times)), 0)::bigint
FROM monitoring.sealed_batches b
JOIN monitoring.sealed_days d ON d.day = b.day
WHERE b.day < $1
)sql"};
constexpr const char* kForgetPackedDays = R"sql(
WITH gone AS (DELETE FROM monitoring.sealed_days WHERE day < $1 RETURNING day)
INSERT INTO monitoring.history_past (day) SELECT day FROM gone ON CONFLICT DO NOTHING
)sql";
constexpr const char* kForgetLateDays = "DELETE FROM monitoring.late_days WHERE day < $1";
constexpr const char* kForgetPending = "DELETE FROM monitoring.history_pending WHERE day < $1";
constexpr const char* kForgetPast = "DELETE FROM monitoring.history_past WHERE day < $1";

// The same of process tables.
constexpr Statement kPackedTables{"retention_packed_tables", R"sql(
SELECT coalesce(sum(cardinality(b.times)), 0)::bigint
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days d ON d.day = b.day
WHERE b.day < $1
)sql"};
constexpr const char* kForgetPackedTables =
    "DELETE FROM monitoring.sealed_process_days WHERE day < $1";
constexpr const char* kForgetLateTables = "DELETE FROM monitoring.late_process_days WHERE day < $1";

// Who packs a day holds a weaker lock on the table from before it looks for its series to its
// COMMIT. So rows of packed days that nobody sees yet cannot lose their names.
constexpr const char* kLockSeries =
    "SET LOCAL lock_timeout = '2s'; LOCK TABLE monitoring.series IN SHARE ROW EXCLUSIVE MODE";
constexpr const char* kDeleteSeries = R"sql(
DELETE FROM monitoring.series s
WHERE s.last_day < $1
  AND NOT EXISTS (SELECT FROM monitoring.sealed_series p WHERE p.series_id = s.series_id)
  AND NOT EXISTS (SELECT FROM monitoring.history_hours h WHERE h.series_id = s.series_id)
  AND NOT EXISTS (SELECT FROM monitoring.history_days d WHERE d.series_id = s.series_id)
)sql";

constexpr const char* kDeleteEvents = "DELETE FROM monitoring.events WHERE ts < $1";

constexpr const char* kDeleteServiceHours = "DELETE FROM monitoring.service_hours WHERE hour < $1";
// Rows that are dropped before they are packed leave no history. A day may wait for three days (see
// open_days.cpp), and then takes its time. Packed rows go by the setting alone.
constexpr days kPackedWithin{5};
constexpr days kServiceHoursKept{400};  // at least: a row an hour is little

// An agent's service that is gone keeps its place and history for a while: it may come back.
constexpr const char* kDeleteAgentServices = R"sql(
DELETE FROM monitoring.services s
USING monitoring.agent_services a
WHERE a.service_id = s.service_id AND a.is_gone AND a.heard_at < $1
)sql";
constexpr days kGoneServicesKept{7};

constexpr const char* kDeleteAlerts =
    "DELETE FROM monitoring.alerts WHERE status = 'resolved' AND updated_at < $1";

constexpr const char* kDeleteSilences = "DELETE FROM monitoring.silences WHERE ends_at < $1";

constexpr const char* kDeleteKeys = "DELETE FROM monitoring.idempotency_keys WHERE created_at < $1";

// Each signing in leaves two rows.
constexpr const char* kDeleteSessions = R"sql(
DELETE FROM monitoring.tokens
WHERE (is_session OR role = 'signin') AND least(expires_at, revoked_at) < $1
)sql";
constexpr days kSessionsKept{30};  // after their end

// A clean-up may take longer than the statements of the API are allowed to.
constexpr const char* kNoTimeout = "SET LOCAL statement_timeout = 0";

using Epoch = std::optional<std::int64_t>;

std::int64_t execute_unhurried(Session& session, Epoch epoch, const std::string& sql,
                               const Parameters& parameters) {
    Transaction transaction{session};
    if (epoch) hold_leadership(session, *epoch);
    session.execute_script(kNoTimeout);
    const auto affected = session.execute_once(sql, parameters).affected();
    transaction.commit();
    return affected;
}

std::int64_t count_rows(Session& session, const std::string& partition) {
    Transaction transaction{session};
    session.execute_script(kNoTimeout);
    const auto rows = session.execute_once("SELECT count(*) FROM monitoring." + partition);
    transaction.commit();
    return rows[0].int8(0);
}

bool is_locked(const DatabaseError& error) {
    return error.sqlstate() == sqlstate::kLockNotAvailable ||
           error.sqlstate() == sqlstate::kDeadlockDetected;
}

// False if the lock was not to be had. Names come from the catalogue function, which lets only
// `parent` and eight digits through.
bool drop_partition(Session& session, Epoch epoch, const std::string& parent,
                    const std::string& partition) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (attempt > 0) std::this_thread::sleep_for(kBetweenAttempts);
        try {
            Transaction transaction{session};
            if (epoch) hold_leadership(session, *epoch);
            session.execute_script(kDropLockTimeout);
            session.execute_once("ALTER TABLE monitoring." + parent +
                                 " DETACH PARTITION monitoring." + partition);
            session.execute_once("DROP TABLE monitoring." + partition);
            transaction.commit();
            return true;
        } catch (const DatabaseError& e) {
            if (!is_locked(e)) throw;
        }
    }
    return false;
}

// Drops those of a table's days that ended before `cutoff`; returns the number of batches in them.
std::int64_t drop_before(Session& session, Epoch epoch, const std::string& parent, Timestamp cutoff,
                         RetentionOutcome& outcome, const Statement& which = kPartitions) {
    std::int64_t batches = 0;
    for (const auto row : session.execute(which, Parameters{}.text(parent))) {
        if (row.date(1) + days{1} > cutoff) continue;
        const std::string partition{row.text(0)};
        std::int64_t rows = 0;
        try {
            rows = count_rows(session, partition);
        } catch (const DatabaseError& e) {
            if (e.sqlstate() != kUndefinedTable) throw;
            continue;  // the day has just been packed
        }
        if (drop_partition(session, epoch, parent, partition)) {
            outcome.dropped_partitions.push_back(partition);
            batches += rows;
        } else {
            outcome.postponed_partitions.push_back(partition);
        }
    }
    return batches;
}

// Drops the months of hours, or the years of days, that ended before `cutoff`.
void drop_history_before(Session& session, Epoch epoch, const std::string& parent,
                         std::chrono::months period, Timestamp cutoff, RetentionOutcome& outcome) {
    for (const auto row : session.execute(kPartitions, Parameters{}.text(parent))) {
        const std::chrono::year_month_day first{row.date(1)};
        if (sys_days{first + period} > cutoff) continue;
        const std::string partition{row.text(0)};
        const bool dropped = drop_partition(session, epoch, parent, partition);
        (dropped ? outcome.dropped_partitions : outcome.postponed_partitions).push_back(partition);
    }
}

// Series that nothing that is kept has any more. None if a day is being packed all the while; next
// run.
std::int64_t delete_series(Session& session, Epoch epoch, const Parameters& first_kept) {
    try {
        Transaction transaction{session};
        session.execute_script(kNoTimeout);
        session.execute_script(kLockSeries);
        if (epoch) hold_leadership(session, *epoch);
        const auto deleted = session.execute_once(kDeleteSeries, first_kept).affected();
        transaction.commit();
        return deleted;
    } catch (const DatabaseError& e) {
        if (!is_locked(e)) throw;
        return 0;
    }
}

// The same for days that are packed. Readers do not look at them once they are forgotten.
std::int64_t drop_packed_before(Session& session, Epoch epoch, Timestamp cutoff,
                                RetentionOutcome& outcome) {
    const auto first_kept = Parameters{}.date(std::chrono::floor<days>(cutoff));
    const auto batches = session.execute(kPackedBatches, first_kept)[0].int8(0);
    execute_unhurried(session, epoch, kForgetPackedDays, first_kept);
    execute_unhurried(session, epoch, kForgetLateDays, first_kept);
    execute_unhurried(session, epoch, kForgetPending, first_kept);
    for (const char* parent : {"sealed_series", "sealed_batches"}) {
        drop_before(session, epoch, parent, cutoff, outcome, kForgottenPartitions);
    }
    return batches;
}

std::int64_t drop_packed_tables_before(Session& session, Epoch epoch, Timestamp cutoff,
                                       RetentionOutcome& outcome) {
    const auto first_kept = Parameters{}.date(std::chrono::floor<days>(cutoff));
    const auto tables = session.execute(kPackedTables, first_kept)[0].int8(0);
    execute_unhurried(session, epoch, kForgetPackedTables, first_kept);
    execute_unhurried(session, epoch, kForgetLateTables, first_kept);
    drop_before(session, epoch, "sealed_processes", cutoff, outcome);
    return tables;
}

// Hours and days, and then the names that nothing has any more.
void drop_history(Session& session, Epoch epoch, const Retention& retention, Timestamp now,
                  RetentionOutcome& outcome) {
    if (!retention.system) return;
    // Where values are packed, charts count on their hours and days.
    if (retention.hourly) {
        drop_history_before(session, epoch, "history_hours", std::chrono::months{1},
                            now - std::max(*retention.hourly, *retention.system), outcome);
    }
    if (retention.daily) {
        drop_history_before(session, epoch, "history_days", std::chrono::years{1},
                            now - std::max(*retention.daily, *retention.system), outcome);
    }
    if (!retention.hourly || !retention.daily) return;
    const auto longest = std::max({*retention.system, *retention.hourly, *retention.daily});
    const auto first_kept = Parameters{}.date(std::chrono::floor<days>(now - longest));
    execute_unhurried(session, epoch, kForgetPast, first_kept);
    outcome.series_deleted = delete_series(session, epoch, first_kept);
}

// Why nothing may be deleted, or "".
std::string clock_fault(Session& session, Timestamp own_now) {
    const auto row = session.execute_once(kClocks);
    const auto newest = row[0].optional_timestamp(1);
    if (!newest) return "";
    const auto latest_clock = std::max(row[0].timestamp(0), own_now);
    if (latest_clock - *newest <= kClockTolerance) return "";
    return "the clock says " + format_timestamp(latest_clock) + ", but the newest sample is of " +
           format_timestamp(*newest) +
           ": either nobody reports or the clock is wrong; nothing was deleted";
}

}  // namespace

RetentionOutcome RetentionJob::run(Epoch epoch, bool clock_confirmed) {
    RetentionOutcome outcome;
    const auto now = clock_.now();
    const auto lease = database_.acquire();
    Session& session = *lease;
    end_stalled_sessions(session, stalled_after_);
    if (!clock_confirmed) outcome.refused = clock_fault(session, now);
    if (!outcome.refused.empty()) {
        kRetentionLog.warning("Retention paused", {{"reason", outcome.refused}});
        return outcome;
    }
    if (retention_.system) {
        const auto cutoff = now - std::max(*retention_.system, kPackedWithin);
        outcome.system_batches_deleted =
            drop_before(session, epoch, "system_batches", cutoff, outcome) +
            drop_packed_before(session, epoch, now - *retention_.system, outcome);
        // A partition that could not be dropped still needs its layouts.
        if (outcome.postponed_partitions.empty()) {
            const auto day = std::chrono::floor<days>(cutoff);
            outcome.layouts_deleted =
                execute_unhurried(session, epoch, kDeleteLayouts, Parameters{}.date(day));
        }
    }
    if (retention_.process) {
        const auto cutoff = now - *retention_.process;
        outcome.process_batches_deleted =
            drop_before(session, epoch, "process_batches", cutoff, outcome) +
            drop_packed_tables_before(session, epoch, cutoff, outcome);
        // A partition that could not be dropped still needs its processes.
        if (outcome.postponed_partitions.empty()) {
            const auto day = std::chrono::floor<days>(cutoff);
            outcome.processes_deleted =
                execute_unhurried(session, epoch, kDeleteProcesses, Parameters{}.date(day));
        }
    }
    if (retention_.system) {
        drop_before(session, epoch, "service_checks", now - *retention_.system, outcome);
        const auto kept = std::max(*retention_.system, kServiceHoursKept);
        execute_unhurried(session, epoch, kDeleteServiceHours, Parameters{}.timestamp(now - kept));
    }
    execute_unhurried(session, epoch, kDeleteAgentServices,
                      Parameters{}.timestamp(now - kGoneServicesKept));
    if (retention_.events) {
        outcome.events_deleted = execute_unhurried(
            session, epoch, kDeleteEvents, Parameters{}.timestamp(now - *retention_.events));
    }
    if (retention_.resolved_alerts) {
        outcome.alerts_deleted =
            execute_unhurried(session, epoch, kDeleteAlerts,
                              Parameters{}.timestamp(now - *retention_.resolved_alerts));
        execute_unhurried(session, epoch, kDeleteSilences,
                          Parameters{}.timestamp(now - *retention_.resolved_alerts));
    }
    drop_history(session, epoch, retention_, now, outcome);
    outcome.sessions_deleted = execute_unhurried(session, epoch, kDeleteSessions,
                                                 Parameters{}.timestamp(now - kSessionsKept));
    execute_unhurried(session, epoch, kDeleteKeys, Parameters{}.timestamp(now - kKeyLife));
    if (!outcome.dropped_partitions.empty()) partitions_.forget();
    return outcome;
}

}  // namespace chorus::store
