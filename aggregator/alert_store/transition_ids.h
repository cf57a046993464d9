// The ids of alert transitions, for readers that follow them.
#pragma once

#include <cstdint>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// 0 if there is none.
std::int64_t newest_transition(Session& session);
// Ids above `id`, ascending. A transaction that commits late may still add one below.
std::vector<std::int64_t> transitions_after(Session& session, std::int64_t id, std::int64_t limit);

}  // namespace chorus::store
