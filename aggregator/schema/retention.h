// Deletes what is older than it is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "aggregator/schema/partitions.h"
#include "aggregator/schema/stalled_sessions.h"
#include "common/clock.h"

namespace chorus::store {

struct RetentionOutcome {
    // Why nothing was deleted; empty if the clean-up ran.
    std::string refused;
    std::vector<std::string> dropped_partitions;
    std::vector<std::string> postponed_partitions;  // locked by others; next run
    std::int64_t system_batches_deleted = 0;
    std::int64_t layouts_deleted = 0;
    std::int64_t series_deleted = 0;  // names that no packed day has any more
    std::int64_t process_batches_deleted = 0;
    std::int64_t processes_deleted = 0;
    std::int64_t events_deleted = 0;
    std::int64_t alerts_deleted = 0;
    std::int64_t sessions_deleted = 0;  // and sign-in links
};

class RetentionJob {
  public:
    RetentionJob(Database& database, const Clock& clock, Partitions& partitions,
                 Retention retention, std::chrono::seconds stalled_after = kStalledAfter)
        : database_(database),
          clock_(clock),
          partitions_(partitions),
          retention_(retention),
          stalled_after_(stalled_after) {}

    // Drops whole days whose time is over. A drop waits at most 0.3 s for its lock and is tried a
    // few times. So ingest never waits longer than that behind it. First it ends the sessions of
    // aggregators that stand still, whose locks would keep partitions.
    //
    // Deletes nothing while the clock of the database or of this program is more than an hour ahead
    // of the newest stored sample. Then nobody reports, or the clock has jumped. With
    // `clock_confirmed` it deletes all the same.
    //
    // With `epoch` each transaction is one of the leader's: throws LeadershipLost.
    RetentionOutcome run(std::optional<std::int64_t> epoch = std::nullopt,
                         bool clock_confirmed = false);

  private:
    Database& database_;
    const Clock& clock_;
    Partitions& partitions_;
    const Retention retention_;
    const std::chrono::seconds stalled_after_;
};

}  // namespace chorus::store
