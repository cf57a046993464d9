// Notes that hosts have reported.
#pragma once

#include <span>

#include "aggregator/batches/batch_hosts.h"

namespace chorus::store {

struct HostSighting {
    BatchHost* host;
    const PreparedBatch* batch;
    bool deferred = false;  // not stored
    Timestamp time{};       // under which it is stored
};
// In the caller's transaction. last_seen and the clock skew are written at most once in a few
// seconds for each host, other columns when they change, and the place of the newest batch whenever
// there is a newer one.
void note_hosts(Session& session, std::span<const HostSighting> sightings);

}  // namespace chorus::store
