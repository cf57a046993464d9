// Suppresses alerts that active silences fit, and activates alerts whose silence has ended.
#pragma once

#include "aggregator/alert_store/silence_store.h"
#include "aggregator/postgres/database.h"

namespace chorus::alerts {

struct Silenced {
    int suppressed = 0;  // alerts that a silence now hides
    int returned = 0;    // alerts that are active again because their silence ended
};

// Works in the caller's transaction. An active alert that an active silence fits becomes
// suppressed. A suppressed alert becomes active again when no silence fits any more. If its host is
// silent then, it stays suppressed and belongs to the evaluator. Acknowledged alerts, and those
// that something else or a person suppresses, stay as they are. A constant number of statements.
// Throws DatabaseError.
Silenced apply_silences(store::Session& session, Timestamp now);

// The same in a transaction of the leader. To be run often, because silences begin and end by time.
// Throws LeadershipLost if `epoch` is not the leader's any more, and DatabaseError; then nothing is
// changed.
void apply_silences_as_leader(store::Database& database, std::int64_t epoch, Timestamp now);

}  // namespace chorus::alerts
