// Hosts whose agent shall collect at another interval than it is configured for.
#pragma once

#include <unordered_map>

#include "aggregator/postgres/session.h"
#include "common/uuid.h"

namespace chorus::store {

// Seconds, by agent; agents that keep their own are left out.
std::unordered_map<Uuid, double> read_wanted_intervals(Session& session);

}  // namespace chorus::store
