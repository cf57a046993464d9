// Puts alerts under the silences that are active, and takes them from those that have ended.
#pragma once

#include "aggregator/alert_store/silence_store.h"
#include "aggregator/postgres/database.h"

namespace chorus::alerts {

struct Silenced {
    int suppressed = 0;  // alerts that a silence now hides
    int returned = 0;    // alerts that are active again because their silence ended
};

// In the caller's transaction. An active alert that an active silence fits becomes suppressed; one
// that a silence suppresses becomes active again when none fits any more (it is still open, so what
// it tells of has not passed), or stays suppressed for the evaluator while its host is silent.
// Acknowledged alerts, and those that something else or a person suppresses, stay as they are. A
// constant number of statements.
Silenced apply_silences(store::Session& session, Timestamp now);

// The same in a transaction of the leader's own: run often, because silences begin and end by time.
void apply_silences_as_leader(store::Database& database, std::int64_t epoch, Timestamp now);

}  // namespace chorus::alerts
