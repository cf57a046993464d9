#include "aggregator/service_store/service_alerts.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "aggregator/alert_store/alert_store.h"
#include "common/json_writer.h"
#include "common/log.h"
#include "common/text.h"

namespace chorus::store {
namespace {

constexpr Logger kServiceAlertsLog{"health"};

// Rules that fire when a service is down. A rule for slow answers alone leaves that to us.
constexpr Statement kCoveringRules{"service_covering_rules", R"sql(
SELECT DISTINCT condition ->> 'service_name'
FROM monitoring.alert_rules
WHERE is_active AND rule_type = 'service_health' AND condition ->> 'service_name' IS NOT NULL
  AND coalesce(condition ->> 'fault', 'any') <> 'slow'
)sql"};

constexpr Statement kOpenAlerts{"service_open_alerts", R"sql(
SELECT id, source
FROM monitoring.alerts
WHERE status <> 'resolved' AND rule_id IS NULL AND alert_type = 'service_health'
  AND alert_metadata @> '{"auto_generated": true}' AND (hostname IS NOT NULL) = $1
)sql"};

// Read through the index of resolved alerts by the time of their last change.
constexpr Statement kJustResolved{"service_just_resolved", R"sql(
SELECT fingerprint
FROM monitoring.alerts
WHERE status = 'resolved' AND updated_at > $1 AND resolved_at > $1
  AND alert_type = 'service_health' AND rule_id IS NULL AND hostname IS NOT NULL
)sql"};

std::string source_of(const std::string& service) {
    return cut_to_fit("service:" + service);
}

std::vector<std::string> covering_rules(Session& session) {
    std::vector<std::string> globs;
    for (const Row row : session.execute(kCoveringRules)) globs.emplace_back(row.text(0));
    return globs;
}

NewAlert make_alert(CheckedBy by, const ServiceCheck& check) {
    const bool timeout = check.status == ServiceStatus::timeout;
    JsonWriter metadata;
    metadata.begin_object()
        .field("service_name", check.service)
        .field("status", to_string(check.status))
        .field("response_time_ms", check.response_time_ms)
        .field("error_message", check.error)
        .field("auto_generated", true);
    NewAlert alert;
    if (by == CheckedBy::agents) {
        alert.hostname = check.service.substr(check.service.rfind('@') + 1);
        metadata.field("hostname", *alert.hostname);
    }
    metadata.end_object();
    alert.alert_type = "service_health";
    alert.severity = timeout ? Severity::high : Severity::critical;
    alert.source = source_of(check.service);
    alert.title = cut_to_fit("Service " + check.service + " Health Alert");
    alert.description = "Service " + check.service + " is " +
                        (timeout ? "not answering in time" : "unhealthy: " + check.error);
    alert.metadata_json = metadata.take();
    alert.fingerprint = alert_fingerprint("probe", alert.source);
    alert.actor = "health-check";
    return alert;
}

// Leaves out what would open an alert that ended a moment ago: by turns up and down, or by its
// agent's word, a service would else be told of every few seconds.
void leave_out_just_resolved(Session& session, std::vector<NewAlert>& failed, Timestamp now) {
    if (failed.empty()) return;
    std::unordered_set<std::string> just_resolved;
    for (const Row row :
         session.execute(kJustResolved, Parameters{}.timestamp(now - kReopenAgentServiceAfter))) {
        just_resolved.emplace(row.text(0));
    }
    std::erase_if(failed,
                  [&](const NewAlert& alert) { return just_resolved.contains(alert.fingerprint); });
}

}  // namespace

ProbeAlertOutcome update_probe_alerts(Session& session, CheckedBy by,
                                      const std::vector<ServiceCheck>& round,
                                      const std::vector<std::string>& configured, Timestamp now) {
    const auto globs = covering_rules(session);
    const auto covered = [&](const std::string& service) {
        return std::any_of(globs.begin(), globs.end(),
                           [&](const auto& glob) { return glob_match(glob, service); });
    };
    std::vector<NewAlert> failed;
    std::unordered_set<std::string> healthy;
    for (const ServiceCheck& check : round) {
        if (check.status == ServiceStatus::healthy) {
            healthy.insert(source_of(check.service));
        } else if (!covered(check.service)) {
            failed.push_back(make_alert(by, check));
        }
    }
    std::unordered_map<std::string, std::string> services;  // by source
    for (const auto& service : configured) services.emplace(source_of(service), service);

    std::vector<StatusChange> ended;
    for (const Row row :
         session.execute(kOpenAlerts, Parameters{}.boolean(by == CheckedBy::agents))) {
        const std::string source{row.text(1)};
        const auto service = services.find(source);
        const char* why = healthy.contains(source)    ? "the service is healthy again"
                          : service == services.end() ? "the service is no longer checked"
                          : covered(service->second)  ? "a rule watches the service now"
                                                      : nullptr;
        if (why == nullptr) continue;
        ended.push_back({row.uuid(0), AlertStatus::resolved, "auto", {}, why, {}});
    }

    if (by == CheckedBy::agents) leave_out_just_resolved(session, failed, now);
    ProbeAlertOutcome outcome;
    if (!failed.empty()) {
        const auto opened = open_alerts(session, failed, now);
        for (std::size_t i = 0; i < opened.size(); ++i) {
            if (!opened[i].created) continue;
            ++outcome.opened;
            kServiceAlertsLog.info("Alert created", {{"alert_id", opened[i].id.to_string()},
                                                     {"alert_type", failed[i].alert_type},
                                                     {"severity", to_string(failed[i].severity)},
                                                     {"source", failed[i].source}});
        }
    }
    if (!ended.empty()) {
        change_statuses(session, ended, now);
        outcome.resolved = static_cast<std::int64_t>(ended.size());
    }
    return outcome;
}

}  // namespace chorus::store
