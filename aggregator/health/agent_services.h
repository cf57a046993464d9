// Opens alerts and writes to Redis for the checks that agents made. The checks themselves are
// stored with their batches; see store::record_checks().
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "aggregator/cache/entry_writer.h"
#include "aggregator/postgres/database.h"
#include "aggregator/service_store/service_reader.h"
#include "common/clock.h"

namespace chorus::health {

// Ingest does not wait for this. A late batch counts only if it has news.
class AgentServices {
  public:
    AgentServices(store::Database& database, cache::EntryWriter& cache, const Clock& clock)
        : database_(database), cache_(cache), clock_(clock) {}

    // Handles what is new since the last call. Services of a silent host are neither down nor
    // healthy, so their alerts stay. A task of the leader. Throws store::LeadershipLost,
    // store::DatabaseError; the next call handles the same again.
    void round(std::int64_t epoch);

  private:
    void tell(const std::vector<const store::ServiceState*>& news);

    store::Database& database_;
    cache::EntryWriter& cache_;
    const Clock& clock_;
    std::unordered_map<std::string, Timestamp> told_;  // heard_at by service
    bool full_ = false;                                // no more services are kept
    bool any_alerts_ = true;  // alerts of services may be open, as far as is known
};

}  // namespace chorus::health
