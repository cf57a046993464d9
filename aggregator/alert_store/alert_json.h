// An alert as JSON, the same for the API, notifications and the live stream.
#pragma once

#include <optional>
#include <string_view>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_stats.h"
#include "common/json_writer.h"

namespace chorus::store {

// Writes the fields of Alert. The caller calls begin_object() before and end_object() after it, and
// may add fields of its own, such as `event` or `context`.
void write_alert_fields(JsonWriter& out, const AlertRow& alert);
void write_alert(JsonWriter& out, const AlertRow& alert);
void write_transition(JsonWriter& out, const TransitionRow& transition);
// AlertStats of openapi.json.
void write_alert_stats(JsonWriter& out, const AlertStats& stats);

// "created", "updated", "acknowledged", "resolved" or "reopened": the meaning of a transition for
// receivers.
std::string_view event_name(const std::optional<AlertStatus>& from, AlertStatus to);

}  // namespace chorus::store
