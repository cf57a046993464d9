#include "aggregator/tasks/maintenance.h"

#include "common/log.h"

namespace chorus::tasks {
namespace {

constexpr Logger kMaintenanceLog{"tasks"};

}  // namespace

void Maintenance::prepare() {
    if (prepared_) return;
    const int applied = store::Migrator{database_}.apply();
    partitions_.ensure_ahead();
    prepared_ = true;
    kMaintenanceLog.info("Database is ready",
                         {{"database", database_.describe()}, {"migrations_applied", applied}});
}

void Maintenance::clean_up(std::int64_t epoch) {
    if (!prepared_) return;
    partitions_.ensure_ahead();
    const store::RetentionOutcome outcome = retention_.run(epoch);
    if (!outcome.refused.empty()) {
        kMaintenanceLog.warning("Cleanup postponed", {{"reason", outcome.refused}});
        return;
    }
    kMaintenanceLog.info("Old metrics cleaned up",
                         {{"system_metrics_deleted", outcome.system_batches_deleted},
                          {"process_metrics_deleted", outcome.process_batches_deleted}});
    kMaintenanceLog.info("Cleanup completed",
                         {{"partitions_dropped", outcome.dropped_partitions.size()},
                          {"partitions_postponed", outcome.postponed_partitions.size()},
                          {"layouts_deleted", outcome.layouts_deleted},
                          {"series_deleted", outcome.series_deleted},
                          {"processes_deleted", outcome.processes_deleted},
                          {"events_deleted", outcome.events_deleted},
                          {"alerts_deleted", outcome.alerts_deleted},
                          {"sessions_deleted", outcome.sessions_deleted}});
}

}  // namespace chorus::tasks
