#include "aggregator/alerts/inhibition.h"

#include "aggregator/alert_store/silence_store.h"

namespace chorus::alerts {
namespace {

using store::AlertStatus;
using store::kInhibitedReason;

bool is_muted(const std::unordered_set<std::string>& silent, const std::string& type,
              const std::optional<std::string>& host) {
    return host && type != "host_silent" && silent.contains(*host);
}

store::StatusChange mute(const store::OpenAlert& alert) {
    return {.alert_id = alert.id,
            .to = AlertStatus::suppressed,
            .actor = "evaluator",
            .comment = *alert.hostname + " is silent",
            .only_from = AlertStatus::active,
            .suppressed_by = kInhibitedReason};
}

store::StatusChange activate(const store::OpenAlert& alert, std::string why) {
    return {.alert_id = alert.id,
            .to = AlertStatus::active,
            .actor = "evaluator",
            .comment = std::move(why),
            .only_from = AlertStatus::suppressed};
}

}  // namespace

void plan_inhibitions(const SilentHosts& hosts, const OpenAlerts& open, RoundPlan& plan) {
    for (auto& [alert, metadata, host_id, ranked_by] : plan.alerts) {
        if (is_muted(hosts.reported, alert.alert_type, alert.hostname)) {
            alert.suppressed_by = kInhibitedReason;
        }
    }
    std::unordered_set<Uuid> resolved;
    for (const auto& change : plan.resolutions) resolved.insert(change.alert_id);
    std::unordered_set<std::string> still_reported;  // by an alert that stays open
    for (const auto& [fingerprint, alert] : open) {
        if (alert.alert_type != "host_silent" || !alert.hostname) continue;
        if (!resolved.contains(alert.id)) still_reported.insert(*alert.hostname);
    }
    for (const auto& [fingerprint, alert] : open) {
        if (resolved.contains(alert.id)) continue;
        if (is_muted(hosts.reported, alert.alert_type, alert.hostname)) {
            if (alert.status == AlertStatus::active) plan.inhibitions.push_back(mute(alert));
            continue;
        }
        if (alert.suppressed_by != kInhibitedReason) continue;
        const std::string hostname = alert.hostname.value_or("");
        const auto unheard = hosts.unheard.find(hostname);
        if (unheard == hosts.unheard.end()) {
            plan.inhibitions.push_back(activate(alert, hostname + " is back"));
        } else if (!unheard->second && !still_reported.contains(hostname)) {
            plan.inhibitions.push_back(
                activate(alert, "No rule tells of the silence of " + hostname));
        }
    }
}

}  // namespace chorus::alerts
