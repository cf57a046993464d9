// The step at which a day goes over from system_batches to what is packed of it.
#pragma once

#include <chrono>
#include <cstdint>

#include "aggregator/postgres/session.h"

namespace chorus::store {

enum class Move {
    moved,
    differs,  // not all batches are packed
    locked,   // somebody reads the table or writes into the day for longer than 0.3 s
    gone,     // there is no such partition any more
};

// In one transaction: makes sure that all batches of the day are packed, drops the partition and
// enters the day in sealed_days. Who writes late batches waits while the day is counted, all others
// for 0.3 s at most. Throws LeadershipLost, DatabaseError.
Move move_day(Session& session, std::int64_t epoch, std::chrono::sys_days day);

}  // namespace chorus::store
