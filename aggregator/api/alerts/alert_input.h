// Alerts as clients write them.
#pragma once

#include <optional>
#include <string>

#include "aggregator/alert_store/alert_store.h"
#include "common/json/field_error.h"
#include "common/json/json_value.h"

namespace chorus::api {

// AlertCreate of openapi.json, and optionally the host that it is about. Adds every fault to
// `errors`. The alert is meaningful only if there is none. Fingerprint and actor are left empty.
store::NewAlert parse_alert(JsonValue body, FieldErrors& errors);

// AlertUpdate of openapi.json; absent members stay as they are.
struct AlertChange {
    std::optional<store::AlertStatus> status;
    std::optional<std::string> acknowledged_by;
    std::optional<std::string> resolved_by;
    std::optional<std::string> comment;  // for the history
};
AlertChange parse_alert_change(JsonValue body, FieldErrors& errors);

}  // namespace chorus::api
