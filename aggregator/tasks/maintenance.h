// Upkeep of the database: schema, partitions, retention.
#pragma once

#include <atomic>
#include <cstdint>

#include "aggregator/postgres/database.h"
#include "aggregator/schema/migrator.h"
#include "aggregator/schema/partitions.h"
#include "aggregator/schema/retention.h"
#include "common/clock.h"

namespace chorus::tasks {

class Maintenance {
  public:
    Maintenance(store::Database& database, const Clock& clock, store::Partitions& partitions,
                store::Retention retention)
        : database_(database),
          partitions_(partitions),
          retention_(database, clock, partitions, retention) {}

    // Brings the schema up to date once PostgreSQL answers. After that it does nothing. To be run
    // often, because PostgreSQL may be away at the start. Throws store::SchemaMismatch,
    // DatabaseError.
    void prepare();
    bool prepared() const { return prepared_; }

    // Makes partitions ahead of time and deletes what is too old, as the leader of that epoch. Does
    // nothing before prepare(). Throws store::LeadershipLost.
    void clean_up(std::int64_t epoch);

  private:
    store::Database& database_;
    store::Partitions& partitions_;
    store::RetentionJob retention_;
    std::atomic<bool> prepared_{false};
};

}  // namespace chorus::tasks
