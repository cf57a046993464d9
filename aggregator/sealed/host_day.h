// Packs one day of one host: what lies in system_batches, together with what is packed already.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

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

// Runs in a transaction at READ COMMITTED, which the caller begins before and commits right after.
// Locks that others need (of the host, of the leader, of the mark that the host got late batches)
// are taken at the very end. Takes the mark away, unless more came meanwhile. All zeros if nothing
// was to be packed; nullopt if the host is gone, and then the caller must not commit. Throws
// LeadershipLost; DatabaseError, also if a lock was not to be had within 10 s; std::runtime_error
// if what is packed is damaged.
std::optional<PackedDay> pack_host_day(Session& session, std::int64_t epoch, std::int32_t host_id,
                                       std::chrono::sys_days day, Hot hot,
                                       std::size_t values_at_a_time = kValuesAtATime);

}  // namespace chorus::store
