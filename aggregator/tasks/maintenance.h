// What keeps the database in shape: schema, partitions, retention.
#pragma once

#include <atomic>

#include "aggregator/store/database.h"
#include "aggregator/store/migrator.h"
#include "aggregator/store/partitions.h"
#include "aggregator/store/retention.h"
#include "common/clock.h"

namespace chorus::tasks {

class Maintenance {
  public:
    Maintenance(store::Database& database, const Clock& clock, store::Partitions& partitions,
                store::Retention retention)
        : database_(database),
          partitions_(partitions),
          retention_(database, clock, partitions, retention) {}

    // Brings the schema up to date once PostgreSQL answers; nothing to do after that. Run often,
    // because PostgreSQL may be away at start. Throws store::SchemaMismatch, DatabaseError.
    void prepare();
    bool prepared() const { return prepared_; }

    // Partitions ahead of time and deletion of what is too old. Does nothing before prepare().
    void clean_up();

  private:
    store::Database& database_;
    store::Partitions& partitions_;
    store::RetentionJob retention_;
    std::atomic<bool> prepared_{false};
};

}  // namespace chorus::tasks
