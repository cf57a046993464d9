// The wire form of a batch (protocol 1). Columnar: names once, then values.
#pragma once

#include <string>
#include <string_view>

#include "common/batch/batch.h"
#include "common/json/field_error.h"
#include "common/json/json_value.h"
#include "common/json_writer.h"

namespace chorus {

// What a host may be called. No slash (the name is a path segment of the API), no colon (it is a
// part of Redis keys), no glob sign, nothing invisible.
inline constexpr std::string_view kHostnamePattern = "^[A-Za-z0-9_][A-Za-z0-9._-]*$";
inline constexpr std::string_view kMetricTypePattern = "^[a-z][a-z0-9_]*$";
bool is_hostname(std::string_view text);     // by the pattern, 1 to limits::kHostnameBytes
bool is_metric_type(std::string_view text);  // by the pattern, 1 to limits::kMetricTypeBytes
// What an agent may call a service: 1 to limits::kServiceNameBytes of well-formed UTF-8 without
// control characters, '/' (the name is a path segment of the API) and '@' (which separates it from
// the name of the host).
inline constexpr std::string_view kServiceNamePattern = "^[^/@\\x00-\\x1F\\x7F]+$";
bool is_service_name(std::string_view text);

// Appends the batch as one JSON object. Unknown values become null, never 0. So do figures that no
// process can have, and texts are cut, so that whatever a host shows, read_batch() finds nothing
// wrong with it.
void write_batch(JsonWriter& out, const Batch& batch);

// Reads and checks a batch. What shows a broken client is added to `errors` with its location below
// "body"; if errors is not empty afterwards the returned batch must not be used. What a healthy
// agent may send from a strange host (a series or process twice, a text that is too long, a number
// out of range) costs that value or row alone and is added to `warnings`. Columns and members that
// this version does not know are ignored, so that newer agents can talk to older aggregators.
Batch read_batch(const JsonValue& body, FieldErrors& errors, FieldErrors& warnings);
Batch read_batch(const JsonValue& body, FieldErrors& errors);

}  // namespace chorus
