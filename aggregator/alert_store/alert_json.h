// An alert as JSON: the one writer for the API, notifications, the live stream, and what is stored
// as JSON with an alert. Form and order of the members are those of openapi.json.
#pragma once

#include <optional>
#include <string_view>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_stats.h"
#include "aggregator/alert_store/top_processes.h"
#include "common/json_writer.h"

namespace chorus::store {

// Alert of openapi.json.
void write_alert(JsonWriter& out, const AlertRow& alert);
// AlertDetail of openapi.json: with what is known of its host at the moment it fired.
void write_alert_detail(JsonWriter& out, const AlertRow& alert,
                        const std::optional<AlertContext>& context);
// AlertEvent of openapi.json, for the live stream and for Redis: with event_name().
void write_alert_event(JsonWriter& out, const AlertRow& alert, const TransitionRow& transition);
void write_transition(JsonWriter& out, const TransitionRow& transition);
// AlertStats of openapi.json.
void write_alert_stats(JsonWriter& out, const AlertStats& stats);

// The context that is kept with an alert: {"hostname", "process_table_at", "compared_with",
// "by_cpu": [...], "by_memory": [...], "by_io": [...], "by_open_files": [...], "ranked_by"}. Each
// process has its change against the hour before, null if that is unknown. No command lines.
void write_context(JsonWriter& out, const TopProcesses& processes, Resource ranked_by);
// `top_processes` of an alert's metadata, for notifications: the first three by that resource, then
// those by CPU and by memory, each process once. [{"process_name", "process_id", "cpu_percent",
// "memory_mb", "io_bytes_per_sec", "fd_count", "change"}].
void write_top_processes(JsonWriter& out, const TopProcesses& processes, Resource ranked_by);

// "created", "updated", "acknowledged", "resolved" or "reopened": the meaning of a transition for
// receivers.
std::string_view event_name(const std::optional<AlertStatus>& from, AlertStatus to);

}  // namespace chorus::store
