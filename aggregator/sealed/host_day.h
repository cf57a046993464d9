// Packs one day of one host: what lies in system_batches, together with what is packed already.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "aggregator/postgres/session.h"

namespace chorus::store {

struct PackedDay {
    std::size_t batches = 0;
    std::size_t series = 0;   // that have a value
    std::size_t samples = 0;  // values, and places of the day without one
};

// How many values are held in memory at a time: 32 MiB of them. A day with more is packed in slices
// of its series.
inline constexpr std::size_t kValuesAtATime = 4U << 20U;

// What system_batches still has of the day.
enum class Hot {
    whole_day,  // everything: what was packed before is packed anew, and the rows stay
    late,       // what came after the day had moved: it is added to what is packed, and deleted
};

// Runs in a transaction of the leader at READ COMMITTED, which the caller commits. Takes away the
// mark that the host got a late batch. Returns zeros if there was nothing to do. Throws
// DatabaseError; std::runtime_error if what is packed is damaged.
PackedDay pack_host_day(Session& session, std::int32_t host_id, std::chrono::sys_days day, Hot hot,
                        std::size_t values_at_a_time = kValuesAtATime);

}  // namespace chorus::store
