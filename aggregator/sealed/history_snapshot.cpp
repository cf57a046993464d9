#include "aggregator/sealed/history_snapshot.h"

namespace chorus::store {
namespace {

// The lock comes before the snapshot, which PostgreSQL takes at the first statement that reads. So
// no partition can vanish between the two: dropping one is seen by new plans at once, whatever the
// snapshot. Without ONLY the lock would take a place in shared memory for each partition.
constexpr const char* kBegin =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "LOCK TABLE ONLY monitoring.system_batches, ONLY monitoring.process_batches"
    " IN ACCESS SHARE MODE";

}  // namespace

HistorySnapshot::HistorySnapshot(Session& session) : session_(session) {
    session_.execute_script(kBegin);
}

HistorySnapshot::~HistorySnapshot() {
    try {
        session_.execute_script("COMMIT");
    } catch (const DatabaseError&) {
        // The pool closes a session that is broken or still in a transaction.
    }
}

}  // namespace chorus::store
