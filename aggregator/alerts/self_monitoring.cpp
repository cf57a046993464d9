#include "aggregator/alerts/self_monitoring.h"

#include <algorithm>

#include "aggregator/alerts/alert_text.h"
#include "common/json_writer.h"

namespace chorus::alerts {
namespace {

constexpr std::chrono::minutes kLargestSkew{5};
constexpr std::chrono::minutes kDeferredFor{10};
constexpr std::chrono::minutes kRefusedFor{10};

store::NewAlert alert_of(const std::string& type, store::Severity severity,
                         const std::string& source, const std::string& title,
                         std::string description) {
    store::NewAlert alert;
    alert.alert_type = type;
    alert.severity = severity;
    alert.source = cut_to_fit(source);
    alert.fingerprint = store::alert_fingerprint(type, source);
    alert.title = cut_to_fit(title);
    alert.description = std::move(description);
    alert.actor = "evaluator";
    return alert;
}

std::string amount_of(std::chrono::seconds time) {
    constexpr std::chrono::days told_in_days{2};
    if (time < told_in_days) return std::to_string(time.count()) + " seconds";
    return std::to_string(std::chrono::duration_cast<std::chrono::days>(time).count()) + " days";
}

// The alert's own source is cut where the name is long.
std::string of_host(const std::string& hostname) {
    return "host:" + hostname;
}

}  // namespace

const std::vector<std::string>& self_monitoring_alert_types() {
    static const std::vector<std::string> types{"rule_error",  "evaluator_late",    "clock_skew",
                                                "alert_limit", "cardinality_limit", "agent_cloned"};
    return types;
}

bool is_self_monitoring(const store::OpenAlert& alert) {
    const auto& types = self_monitoring_alert_types();
    return !alert.rule_id &&
           std::find(types.begin(), types.end(), alert.alert_type) != types.end() &&
           alert.fingerprint ==
               store::alert_fingerprint(alert.alert_type,
                                        alert.hostname ? of_host(*alert.hostname) : alert.source);
}

store::NewAlert rule_error_alert(const store::RuleRow& rule, const std::string& error) {
    auto alert = alert_of("rule_error", store::Severity::high, "rule:" + rule.id.to_string(),
                          "An alert rule cannot be evaluated",
                          "Rule \"" + rule.name + "\" never fires until it is put right: " + error);
    alert.metadata_json = JsonWriter{}
                              .begin_object()
                              .field("rule_id", rule.id.to_string())
                              .field("rule_name", rule.name)
                              .field("error", error)
                              .end_object()
                              .take();
    return alert;
}

store::NewAlert evaluator_late_alert(std::chrono::microseconds pause, std::chrono::seconds period) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause).count();
    auto alert = alert_of("evaluator_late", store::Severity::medium, "evaluator",
                          "Alert rules were not evaluated in time",
                          "No rule was evaluated for " + std::to_string(seconds) +
                              " seconds; what happened meanwhile may be told late");
    alert.metadata_json = JsonWriter{}
                              .begin_object()
                              .field("pause_seconds", seconds)
                              .field("period_seconds", period.count())
                              .end_object()
                              .take();
    return alert;
}

store::NewAlert too_many_alerts_alert(std::size_t most) {
    return alert_of("alert_limit", store::Severity::critical, "evaluator",
                    "Too many alerts are open",
                    "More than " + std::to_string(most) +
                        " alerts are open; further ones are not opened until some are resolved");
}

store::NewAlert too_many_alerts_alert(const std::string& hostname, std::size_t most) {
    auto alert = alert_of("alert_limit", store::Severity::high, of_host(hostname),
                          "Too many alerts of " + hostname + " are open",
                          "More than " + std::to_string(most) + " alerts of " + hostname +
                              " are open; further ones of this host are not opened until some are "
                              "resolved");
    alert.hostname = hostname;
    return alert;
}

std::vector<store::NewAlert> clock_skew_alerts(const std::vector<Host>& hosts, Timestamp now,
                                               std::vector<std::string>& unknown) {
    std::vector<store::NewAlert> alerts;
    for (const auto& host : hosts) {
        const auto skew = host.clock_skew.value_or(host.skew);
        if (skew <= kLargestSkew && skew >= -kLargestSkew) continue;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(skew).count();
        auto alert = alert_of("clock_skew", store::Severity::medium, of_host(host.hostname),
                              "The clock of " + host.hostname + " is wrong",
                              "It is " + amount_of(std::chrono::seconds{std::abs(seconds)}) + ' ' +
                                  (seconds > 0 ? "behind" : "ahead of") +
                                  " the aggregator's; rules go by the time of receipt");
        if (is_silent(host, now)) {
            unknown.push_back(alert.fingerprint);
            continue;
        }
        alert.hostname = host.hostname;
        alert.metadata_json = JsonWriter{}
                                  .begin_object()
                                  .field("hostname", host.hostname)
                                  .field("skew_seconds", seconds)
                                  .end_object()
                                  .take();
        alerts.push_back(std::move(alert));
    }
    return alerts;
}

std::vector<store::NewAlert> clone_alerts(const std::vector<Host>& hosts, Timestamp now) {
    std::vector<store::NewAlert> alerts;
    for (const auto& host : hosts) {
        if (!host.clone_refused_at || now - *host.clone_refused_at > kRefusedFor) continue;
        auto alert = alert_of(
            "agent_cloned", store::Severity::high, of_host(host.hostname),
            "Two machines report as " + host.hostname,
            "The agent on " + host.clone_hostname + " has the identity of the one on " +
                host.hostname +
                ", as after a disk or image was copied. The one that came later is refused and "
                "keeps its batches. On the copy: stop the agent, delete agent-id, epochs and spool "
                "in its spool directory, and enroll it anew");
        alert.hostname = host.hostname;
        alert.metadata_json = JsonWriter{}
                                  .begin_object()
                                  .field("hostname", host.hostname)
                                  .field("refused_hostname", host.clone_hostname)
                                  .end_object()
                                  .take();
        alerts.push_back(std::move(alert));
    }
    return alerts;
}

std::vector<store::NewAlert> deferred_alerts(const std::vector<Host>& hosts, Timestamp now) {
    std::vector<store::NewAlert> alerts;
    for (const auto& host : hosts) {
        if (!host.deferred_at || now - *host.deferred_at > kDeferredFor) continue;
        auto alert = alert_of("cardinality_limit", store::Severity::high, of_host(host.hostname),
                              "Batches of " + host.hostname + " are held back",
                              "Its series are never the same: it brings more new ones than a host "
                              "may. Look for a label that changes all the time, as of containers "
                              "that start every few seconds; what is held back comes later");
        alert.hostname = host.hostname;
        alerts.push_back(std::move(alert));
    }
    return alerts;
}

}  // namespace chorus::alerts
