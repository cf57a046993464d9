// An alert as JSON, the same for the API, notifications and the live stream.
#pragma once

#include <optional>
#include <string_view>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_stats.h"
#include "common/json_writer.h"

namespace chorus::store {

// The fields of Alert, to be written between begin_object() and end_object() by a caller that adds
// its own, such as `event` or `context`.
void write_alert_fields(JsonWriter& out, const AlertRow& alert);
void write_alert(JsonWriter& out, const AlertRow& alert);
void write_transition(JsonWriter& out, const TransitionRow& transition);
// AlertStats of the contract.
void write_alert_stats(JsonWriter& out, const AlertStats& stats);

// "created", "updated", "acknowledged", "resolved" or "reopened": what a transition means to those
// who are told of it.
std::string_view event_name(const std::optional<AlertStatus>& from, AlertStatus to);

}  // namespace chorus::store
