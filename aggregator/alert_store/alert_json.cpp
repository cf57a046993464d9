#include "aggregator/alert_store/alert_json.h"

namespace chorus::store {

void write_alert_fields(JsonWriter& out, const AlertRow& alert) {
    out.field("id", alert.id.to_string())
        .field("alert_type", alert.alert_type)
        .field("severity", to_string(alert.severity))
        .field("source", alert.source)
        .field("title", alert.title)
        .field("summary", alert_summary(alert))
        .field("description", alert.description)
        .key("alert_metadata")
        .raw(alert.metadata_json)
        .field("status", to_string(alert.status))
        .field("acknowledged_at", alert.acknowledged_at)
        .field("acknowledged_by", alert.acknowledged_by)
        .field("resolved_at", alert.resolved_at)
        .field("resolved_by", alert.resolved_by)
        .field("created_at", alert.created_at)
        .field("updated_at", alert.updated_at)
        .field("hostname", alert.hostname)
        .key("rule_id");
    alert.rule_id ? out.value(alert.rule_id->to_string()) : out.null();
    out.field("fingerprint", alert.fingerprint)
        .field("occurrences", alert.occurrences)
        .field("last_seen_at", alert.last_seen_at)
        .field("suppressed_by", alert.suppressed_by);
}

void write_alert(JsonWriter& out, const AlertRow& alert) {
    out.begin_object();
    write_alert_fields(out, alert);
    out.end_object();
}

void write_transition(JsonWriter& out, const TransitionRow& transition) {
    out.begin_object()
        .field("id", transition.id)
        .field("alert_id", transition.alert_id.to_string())
        .field("at", transition.at)
        .key("from_status");
    transition.from ? out.value(to_string(*transition.from)) : out.null();
    out.field("to_status", to_string(transition.to))
        .field("event", event_name(transition.from, transition.to))
        .field("actor", transition.actor)
        .field("comment", transition.comment)
        .end_object();
}

void write_alert_stats(JsonWriter& out, const AlertStats& stats) {
    out.begin_object()
        .field("total_alerts", stats.total)
        .field("active_alerts", stats.active)
        .field("acknowledged_alerts", stats.acknowledged)
        .field("resolved_alerts", stats.resolved)
        .field("suppressed_alerts", stats.suppressed);
    for (std::size_t i = 0; i < kSeverities.size(); ++i) {
        out.field(std::string(to_string(kSeverities[i])) + "_alerts", stats.by_severity[i]);
    }
    out.key("active_by_severity").begin_object();
    for (std::size_t i = 0; i < kSeverities.size(); ++i) {
        out.field(to_string(kSeverities[i]), stats.active_by_severity[i]);
    }
    out.end_object().end_object();
}

std::string_view event_name(const std::optional<AlertStatus>& from, AlertStatus to) {
    if (!from) return "created";
    if (*from == to) return "updated";
    switch (to) {
        case AlertStatus::acknowledged:
            return "acknowledged";
        case AlertStatus::resolved:
            return "resolved";
        case AlertStatus::active:
            // The first that anybody hears of an alert that was opened under a silence.
            return *from == AlertStatus::suppressed ? "created" : "reopened";
        case AlertStatus::suppressed:
            break;
    }
    return "updated";
}

}  // namespace chorus::store
