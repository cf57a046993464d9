// The body of PATCH /hosts/{hostname}.
#pragma once

#include <cstddef>

#include "aggregator/access/host_settings.h"
#include "common/json/field_error.h"
#include "common/json/json_value.h"

namespace chorus::api {

inline constexpr std::size_t kMostLabels = 16;  // of a host

// {"labels": {name: text}, "thresholds": {metric type or rule name: number}, "interval_seconds":
// number or null}. All members are optional, and an object replaces the old one as a whole. At most
// 16 labels and 100 thresholds. Adds every fault to `errors`. Other members are ignored.
store::HostSettings parse_host_settings(JsonValue body, FieldErrors& errors);

}  // namespace chorus::api
