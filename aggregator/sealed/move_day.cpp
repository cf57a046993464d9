#include "aggregator/sealed/move_day.h"

#include <string>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/open_days.h"

namespace chorus::store {
namespace {

constexpr std::string_view kUndefinedTable = "42P01";

// While DETACH waits for its lock, inserts wait behind it: that is what the short lock timeout
// bounds. While the day is counted, writers of late batches wait: that is what the other one
// bounds.
constexpr const char* kMoveLimits =
    "SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '300ms';"
    " SET LOCAL idle_in_transaction_session_timeout = '10s'";

// One message to the server, so that it does not wait for this program while everybody waits for
// it. Names come from a date.
std::string drop_and_enter(std::chrono::sys_days day, const std::string& batches,
                           const std::string& moved) {
    const auto suffix = partition_suffix(day);
    const auto table = "monitoring." + batches, partition = table + '_' + suffix;
    return "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '3s';"
           " ALTER TABLE " +
           table + " DETACH PARTITION " + partition + "; DROP TABLE " + partition +
           "; INSERT INTO monitoring." + moved + " (day) VALUES (to_date('" + suffix +
           "', 'YYYYMMDD'))";
}

bool counts_differ(Session& session, std::chrono::sys_days day) {
    return !hosts_that_differ(session, day).empty();
}

}  // namespace

Move move_day(Session& session, std::int64_t epoch, std::chrono::sys_days day, Proof proof) {
    return move_partition(session, epoch, day, "system_batches", "sealed_days",
                          proof == Proof::count ? counts_differ : has_marks);
}

Move move_partition(Session& session, std::int64_t epoch, std::chrono::sys_days day,
                    const std::string& batches, const std::string& moved,
                    bool (*differs)(Session& session, std::chrono::sys_days day)) {
    try {
        Transaction transaction{session};
        session.execute_script(kMoveLimits);
        // Waits for all who have written into the day, and nobody does so any more. So what is read
        // after it stays right.
        session.execute_script("LOCK TABLE ONLY monitoring." + batches + '_' +
                               partition_suffix(day) + " IN SHARE MODE");
        if (differs(session, day)) return Move::differs;
        hold_leadership(session, epoch);
        session.execute_script(drop_and_enter(day, batches, moved));
        transaction.commit();
        return Move::moved;
    } catch (const DatabaseError& e) {
        if (e.sqlstate() == kUndefinedTable) return Move::gone;
        if (e.sqlstate() == sqlstate::kQueryCanceled) return Move::too_large;
        if (e.sqlstate() == sqlstate::kLockNotAvailable ||
            e.sqlstate() == sqlstate::kDeadlockDetected) {
            return Move::locked;
        }
        throw;
    }
}

}  // namespace chorus::store
