// What follows from the checks that agents made: alerts, and what Redis tells. They are stored with
// their batches; see store::record_checks().
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "aggregator/cache/entry_writer.h"
#include "aggregator/postgres/database.h"
#include "aggregator/service_store/service_reader.h"
#include "common/clock.h"

namespace chorus::health {

// Ingest waits for none of this, and a batch that comes late is told of only if it is news.
class AgentServices {
  public:
    AgentServices(store::Database& database, cache::EntryWriter& cache, const Clock& clock)
        : database_(database), cache_(cache), clock_(clock) {}

    // Tells what is new since the last call. Services whose host is silent are neither down nor
    // healthy: their alerts stay. The leader's task; throws store::LeadershipLost,
    // store::DatabaseError, and tells again next time.
    void round(std::int64_t epoch);

  private:
    void tell(const std::vector<const store::ServiceState*>& news);

    store::Database& database_;
    cache::EntryWriter& cache_;
    const Clock& clock_;
    std::unordered_map<std::string, Timestamp> told_;  // heard_at by service
    bool full_ = false;                                // no further service is kept
    bool any_alerts_ = true;  // alerts of services may be open, as far as is known
};

}  // namespace chorus::health
