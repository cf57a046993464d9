#include "aggregator/access/host_settings.h"

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/schema/lease.h"

namespace chorus::store {
namespace {

// A host of a month is gone within seconds; more than the API's statements are given.
constexpr const char* kPatience = "SET LOCAL statement_timeout = '60s'";

constexpr const char* kLockSettings = R"sql(
SELECT labels, thresholds, wanted_interval_seconds
FROM monitoring.hosts WHERE hostname = $1 FOR UPDATE
)sql";

constexpr const char* kWriteSettings = R"sql(
UPDATE monitoring.hosts
SET labels = coalesce($2, labels), thresholds = coalesce($3, thresholds),
    wanted_interval_seconds = CASE WHEN $4 THEN $5 ELSE wanted_interval_seconds END
WHERE hostname = $1
)sql";

constexpr const char* kLockHost = R"sql(
SELECT host_id, last_seen, interval_seconds FROM monitoring.hosts WHERE hostname = $1 FOR UPDATE
)sql";

constexpr const char* kOpenAlerts = R"sql(
SELECT id FROM monitoring.alerts WHERE hostname = $1 AND status <> 'resolved'
)sql";

constexpr const char* kForgetRuleStates = R"sql(
DELETE FROM monitoring.alert_rule_states
WHERE subject = $1 OR starts_with(subject, $1 || '|')
)sql";

constexpr const char* kNoteRemoved = R"sql(
INSERT INTO monitoring.removed_hosts (host_id, hostname) VALUES ($1, $2)
)sql";

constexpr const char* kDeleteHost = "DELETE FROM monitoring.hosts WHERE host_id = $1";

constexpr const char* kRemoved = "SELECT host_id FROM monitoring.removed_hosts ORDER BY host_id";
constexpr const char* kForgetLateDays = "DELETE FROM monitoring.late_days WHERE host_id = $1";
constexpr const char* kForgetPending = "DELETE FROM monitoring.history_pending WHERE host_id = $1";
constexpr const char* kForgetLateTables =
    "DELETE FROM monitoring.late_process_days WHERE host_id = $1";
constexpr const char* kForgetRemoved = "DELETE FROM monitoring.removed_hosts WHERE host_id = $1";
constexpr Statement kPartitions{"removed_host_partitions",
                                "SELECT partition FROM monitoring.batch_partitions($1)"};

void resolve_alerts(Session& session, const std::string& hostname, const std::string& actor,
                    Timestamp now) {
    std::vector<StatusChange> changes;
    for (const Row row : session.execute_once(kOpenAlerts, Parameters{}.text(hostname))) {
        changes.push_back(
            {row.uuid(0), AlertStatus::resolved, actor, {}, "the host was removed", {}});
    }
    if (!changes.empty()) change_statuses(session, changes, now);
}

}  // namespace

std::optional<HostSettings> lock_host_settings(Session& session, const std::string& hostname) {
    const auto rows = session.execute_once(kLockSettings, Parameters{}.text(hostname));
    if (rows.empty()) return std::nullopt;
    return HostSettings{std::string(rows[0].text(0)), std::string(rows[0].text(1)),
                        rows[0].optional_float8(2)};
}

void write_host_settings(Session& session, const std::string& hostname,
                         const HostSettings& settings) {
    session.execute_once(kWriteSettings,
                         Parameters{}
                             .text(hostname)
                             .json(settings.labels_json)
                             .json(settings.thresholds_json)
                             .boolean(settings.interval_seconds.has_value())
                             .float8(settings.interval_seconds.value_or(std::nullopt)));
}

HostRemoval remove_host(Session& session, const std::string& hostname, bool force,
                        const std::string& actor, Timestamp now) {
    session.execute_script(kPatience);
    const auto rows = session.execute_once(kLockHost, Parameters{}.text(hostname));
    if (rows.empty()) return HostRemoval::not_found;
    const auto host_id = rows[0].int4(0);
    const auto status = host_status(rows[0].timestamp(1), rows[0].float8(2), now);
    if (status == HostStatus::up && !force) return HostRemoval::active;
    resolve_alerts(session, hostname, actor, now);
    session.execute_once(kForgetRuleStates, Parameters{}.text(hostname));
    session.execute_once(kNoteRemoved, Parameters{}.int4(host_id).text(hostname));
    session.execute_once(kDeleteHost, Parameters{}.int4(host_id));
    return HostRemoval::removed;
}

std::int64_t RemovedHosts::clean_up(std::int64_t epoch) {
    std::int64_t deleted = 0;
    const auto lease = database_.acquire();
    Session& session = *lease;
    for (const Row host : session.execute_once(kRemoved)) {
        const auto host_id = host.int4(0);
        for (const char* parent :
             {"system_batches", "process_batches", "sealed_batches", "sealed_series",
              "sealed_processes", "history_hours", "history_days"}) {
            for (const Row row : session.execute(kPartitions, Parameters{}.text(parent))) {
                Transaction transaction{session};
                hold_leadership(session, epoch);
                // The catalogue function lets only `parent` and eight digits through.
                deleted += session
                               .execute_once("DELETE FROM monitoring." + std::string(row.text(0)) +
                                                 " WHERE host_id = $1",
                                             Parameters{}.int4(host_id))
                               .affected();
                transaction.commit();
            }
        }
        Transaction transaction{session};
        hold_leadership(session, epoch);
        session.execute_once(kForgetLateDays, Parameters{}.int4(host_id));
        session.execute_once(kForgetPending, Parameters{}.int4(host_id));
        session.execute_once(kForgetLateTables, Parameters{}.int4(host_id));
        session.execute_once(kForgetRemoved, Parameters{}.int4(host_id));
        transaction.commit();
    }
    return deleted;
}

}  // namespace chorus::store
