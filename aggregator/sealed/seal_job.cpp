#include "aggregator/sealed/seal_job.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aggregator/postgres/database_error.h"
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/host_day.h"
#include "common/log.h"
#include "common/timestamp.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using Steady = std::chrono::steady_clock;

constexpr Logger kLog{"sealed"};
constexpr int kMoveAttempts = 3;

// Days whose rows still lie in system_batches and that ended before $1, oldest first.
constexpr Statement kDays{"sealed_due_days", R"sql(
SELECT p.day, EXISTS (SELECT FROM monitoring.sealed_days s WHERE s.day = p.day)
FROM monitoring.batch_partitions('system_batches') p
WHERE (p.day + 1)::timestamp AT TIME ZONE 'UTC' + $1 <= now()
ORDER BY p.day
)sql"};

// Hosts of a day: from one to the next through the primary key.
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
WHERE f.host_id IS NOT NULL
  AND (NOT EXISTS (SELECT FROM monitoring.sealed_batches s
                   WHERE s.host_id = f.host_id AND s.day = $3)
       OR EXISTS (SELECT FROM monitoring.late_days l WHERE l.host_id = f.host_id AND l.day = $3))
)sql"};

constexpr Statement kLate{"sealed_late", R"sql(
SELECT l.host_id, l.day FROM monitoring.late_days l JOIN monitoring.sealed_days s USING (day)
ORDER BY l.day, l.host_id
)sql"};

constexpr Statement kMakePartitions{"sealed_make_partitions", R"sql(
SELECT monitoring.ensure_sealed_partitions($1)
)sql"};

// Hosts of which not all is packed that lies there. None, unless something came late.
constexpr Statement kDifferent{"sealed_different", R"sql(
SELECT h.host_id
FROM (SELECT host_id, count(*) AS batches FROM monitoring.system_batches
      WHERE ts >= $1 AND ts < $2 GROUP BY host_id) h
LEFT JOIN monitoring.sealed_batches s ON s.host_id = h.host_id AND s.day = $3
WHERE h.batches <> coalesce(cardinality(s.times), 0)
)sql"};

constexpr Statement kIsLate{"sealed_is_late", R"sql(
SELECT EXISTS (SELECT FROM monitoring.late_days WHERE day = $1)
)sql"};

constexpr Statement kEnter{"sealed_enter_day", R"sql(
INSERT INTO monitoring.sealed_days (day) VALUES ($1)
)sql"};

// While DETACH waits for its lock, inserts wait behind it: that is what the short timeout bounds.
constexpr const char* kLockTimeout = "SET LOCAL lock_timeout = '300ms'";
constexpr const char* kNoTimeout = "SET LOCAL statement_timeout = 0";

std::string partition_of(sys_days day) {
    const std::string date = format_timestamp(Timestamp{day}).substr(0, 10);
    return "system_batches_" + date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2);
}

Parameters range_of(sys_days day) {
    return Parameters{}.timestamp(Timestamp{day}).timestamp(Timestamp{day + days{1}}).date(day);
}

}  // namespace

void SealJob::rest(Steady::duration worked) {
    const auto share = std::max(1, std::min(options_.cpu_percent, 100));
    std::this_thread::sleep_for(worked * (100 - share) / share);
}

void SealJob::pack(std::int64_t epoch, std::int32_t host_id, sys_days day, bool moved) {
    const auto begin = Steady::now();
    {
        const auto session = database_.acquire();
        Transaction transaction{*session};
        hold_leadership(*session, epoch);
        session->execute_script(kNoTimeout);
        const auto packed =
            pack_host_day(*session, host_id, day, moved ? Hot::late : Hot::whole_day);
        transaction.commit();
        outcome_.hosts += packed.batches > 0 ? 1 : 0;
        outcome_.batches += packed.batches;
        outcome_.samples += packed.samples;
    }
    rest(Steady::now() - begin);
}

// False if the program ends.
bool SealJob::pack_day(std::int64_t epoch, sys_days day) {
    std::vector<std::int32_t> hosts;
    {
        const auto session = database_.acquire();
        Transaction transaction{*session};
        hold_leadership(*session, epoch);
        session->execute(kMakePartitions, Parameters{}.date(day));
        transaction.commit();
        for (const auto row : session->execute(kHosts, range_of(day))) {
            hosts.push_back(row.int4(0));
        }
    }
    for (const auto host : hosts) {
        if (stopping_()) return false;
        pack(epoch, host, day, false);
    }
    return true;
}

// A check that does not trust the marks: counts what lies there and what is packed. False if the
// program ends, or hosts go on sending for that day.
bool SealJob::pack_what_differs(std::int64_t epoch, sys_days day) {
    for (int attempt = 0; attempt < kMoveAttempts; ++attempt) {
        std::vector<std::int32_t> hosts;
        {
            const auto session = database_.acquire();
            Transaction transaction{*session};
            session->execute_script(kNoTimeout);
            for (const auto row : session->execute(kDifferent, range_of(day))) {
                hosts.push_back(row.int4(0));
            }
            transaction.commit();
        }
        if (hosts.empty()) return true;
        for (const auto host : hosts) {
            if (stopping_()) return false;
            pack(epoch, host, day, false);
        }
    }
    return false;
}

void SealJob::move_day(std::int64_t epoch, sys_days day) {
    if (!pack_what_differs(epoch, day)) return;
    const auto session = database_.acquire();
    const auto partition = partition_of(day);
    for (int attempt = 0; attempt < kMoveAttempts; ++attempt) {
        try {
            Transaction transaction{*session};
            hold_leadership(*session, epoch);
            session->execute_script(kLockTimeout);
            session->execute_once(
                "ALTER TABLE monitoring.system_batches DETACH PARTITION"
                " monitoring." +
                partition);
            // Now nobody writes into that day. What came since it was packed has left a mark.
            if (session->execute(kIsLate, Parameters{}.date(day))[0].boolean(0)) return;
            session->execute(kEnter, Parameters{}.date(day));
            session->execute_once("DROP TABLE monitoring." + partition);
            transaction.commit();
            ++outcome_.days;
            kLog.info("Day packed", {{"day", format_timestamp(Timestamp{day}).substr(0, 10)}});
            return;
        } catch (const DatabaseError& e) {
            if (e.sqlstate() != sqlstate::kLockNotAvailable &&
                e.sqlstate() != sqlstate::kDeadlockDetected) {
                throw;
            }
        }
    }
    ++outcome_.postponed;
}

void SealJob::add_late(std::int64_t epoch) {
    std::vector<std::pair<std::int32_t, sys_days>> late;
    {
        const auto session = database_.acquire();
        for (const auto row : session->execute(kLate)) late.emplace_back(row.int4(0), row.date(1));
    }
    for (const auto& [host, day] : late) {
        if (stopping_()) return;
        pack(epoch, host, day, true);
    }
}

SealOutcome SealJob::run(std::int64_t epoch) {
    outcome_ = {};
    std::vector<sys_days> due;
    {
        const auto session = database_.acquire();
        for (const auto row : session->execute(kDays, Parameters{}.interval(options_.after))) {
            if (!row.boolean(1)) due.push_back(row.date(0));
        }
    }
    for (const auto day : due) {
        if (stopping_() || !pack_day(epoch, day)) return outcome_;
        move_day(epoch, day);
    }
    add_late(epoch);
    return outcome_;
}

}  // namespace chorus::store
