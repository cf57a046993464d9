#include "aggregator/alert_store/alert_json.h"

#include <algorithm>
#include <string>
#include <vector>

namespace chorus::store {
namespace {

constexpr std::size_t kTopInNotification = 3;

// Between begin_object() and end_object().
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

void write_change(JsonWriter& out, const TopProcess& process, bool compared) {
    out.key("change");
    if (!compared) {
        out.null();
    } else if (!process.change) {
        out.begin_object().field("new", true).end_object();
    } else {
        out.begin_object()
            .field("new", false)
            .field("cpu_percent", process.change->cpu_percent)
            .field("memory_mb", process.change->memory_mb)
            .field("fd_count", process.change->open_files)
            .end_object();
    }
}

enum class Detail { figures, all };

void write_process(JsonWriter& out, const TopProcess& process, bool compared, Detail detail) {
    out.begin_object().field("process_name", process.name).field("process_id", process.pid);
    if (detail == Detail::all) {
        out.field("username", process.username)
            .field("unit", process.unit)
            .field("started_at", process.started_at);
    }
    out.field("cpu_percent", process.cpu_percent)
        .field("memory_mb", process.memory_mb)
        .field("io_bytes_per_sec", process.io_bytes_per_second)
        .field("fd_count", process.open_files);
    write_change(out, process, compared);
    out.end_object();
}

}  // namespace

void write_alert(JsonWriter& out, const AlertRow& alert) {
    out.begin_object();
    write_alert_fields(out, alert);
    out.end_object();
}

void write_alert_detail(JsonWriter& out, const AlertRow& alert,
                        const std::optional<AlertContext>& context) {
    out.begin_object();
    write_alert_fields(out, alert);
    out.key("context");
    context ? out.raw(context->json) : out.null();
    out.field("context_taken_at", context ? std::optional{context->taken_at} : std::nullopt)
        .end_object();
}

void write_alert_event(JsonWriter& out, const AlertRow& alert, const TransitionRow& transition) {
    out.begin_object();
    write_alert_fields(out, alert);
    out.field("event", event_name(transition.from, transition.to)).end_object();
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

void write_context(JsonWriter& out, const TopProcesses& processes, Resource ranked_by) {
    out.begin_object()
        .field("hostname", processes.hostname)
        .field("process_table_at", processes.process_table_at)
        .field("compared_with", processes.compared_with);
    for (std::size_t i = 0; i < kResources; ++i) {
        out.key("by_" + std::string(to_string(static_cast<Resource>(i)))).begin_array();
        for (const auto& process : processes.by.at(i)) {
            write_process(out, process, processes.compared_with.has_value(), Detail::all);
        }
        out.end_array();
    }
    out.field("ranked_by", to_string(ranked_by)).end_object();
}

void write_top_processes(JsonWriter& out, const TopProcesses& processes, Resource ranked_by) {
    std::vector<std::int64_t> written;  // process_ref
    out.begin_array();
    for (const auto resource : {ranked_by, Resource::cpu, Resource::memory}) {
        const auto& list = processes.by.at(static_cast<std::size_t>(resource));
        for (std::size_t i = 0; i < std::min(kTopInNotification, list.size()); ++i) {
            const auto ref = list[i].process_ref;
            if (std::find(written.begin(), written.end(), ref) != written.end()) continue;
            written.push_back(ref);
            write_process(out, list[i], processes.compared_with.has_value(), Detail::figures);
        }
    }
    out.end_array();
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
