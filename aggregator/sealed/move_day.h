// The step at which a day goes over from system_batches to what is packed of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "aggregator/postgres/session.h"

namespace chorus::store {

enum class Move {
    moved,
    differs,    // not all batches are packed
    locked,     // somebody reads the table or writes into the day for longer than 0.3 s
    too_large,  // the day could not be counted within a second
    gone,       // there is no such partition any more
};

// How a move makes sure that all batches of the day are packed.
enum class Proof {
    count,  // of what lies there and what is packed: right whatever the clocks say
    marks,  // of late batches: right if writer's and PostgreSQL's clocks differ by less than a day
};

// In one transaction: makes sure that all batches of the day are packed, drops the partition and
// enters the day in sealed_days. Who writes into that day waits for about a second at most, all
// others for 0.3 s. Throws LeadershipLost, DatabaseError.
Move move_day(Session& session, std::int64_t epoch, std::chrono::sys_days day, Proof proof);

// The same for any table that is partitioned by day, and the table that lists its days that have
// moved. `differs` is asked while nobody writes into the day.
Move move_partition(Session& session, std::int64_t epoch, std::chrono::sys_days day,
                    const std::string& batches, const std::string& moved,
                    bool (*differs)(Session& session, std::chrono::sys_days day));

}  // namespace chorus::store
