// Hosts whose agent shall collect at another interval than its configuration says.
#pragma once

#include <unordered_map>

#include "aggregator/postgres/session.h"
#include "common/uuid.h"

namespace chorus::store {

// Seconds, by agent. Agents that keep their own interval are left out.
std::unordered_map<Uuid, double> read_requested_intervals(Session& session);

}  // namespace chorus::store
