// Makes hours and days of days that an older version has packed.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

using HostAndDay = std::pair<std::int32_t, std::chrono::sys_days>;

// Hosts and days that have no hours and days yet, oldest first; a thousand at most, of those behind
// `after`. Throws DatabaseError.
std::vector<HostAndDay> history_pending(Session& session, const HostAndDay& after);

// In a transaction at READ COMMITTED, which the caller begins before and commits right after. Reads
// heads alone, and takes locks that others need at the very end. False if the host is gone, and
// then the caller must not commit. Throws LeadershipLost, DatabaseError; std::runtime_error if what
// is packed is damaged.
bool fill_history(Session& session, std::int64_t epoch, const HostAndDay& what);

}  // namespace chorus::store
