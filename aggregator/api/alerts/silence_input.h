// Silences as clients write them.
#pragma once

#include <optional>
#include <string>

#include "aggregator/alert_store/silence_store.h"
#include "common/json/field_error.h"
#include "common/json/json_value.h"

namespace chorus::api {

// A new silence. It needs a matcher, a comment, and an end unless it is weekly. Adds every fault to
// `errors`. The silence is meaningful only if there is none. The caller sets id, creation times and
// created_by (unless given), and checks whether the time zone exists.
store::SilenceRow parse_silence(JsonValue body, Timestamp now, FieldErrors& errors);

// What a PATCH asks for; absent members stay as they are.
struct SilenceChange {
    bool expire = false;
    // A new end. A null in the body means no end; only a weekly silence may have that.
    std::optional<std::optional<Timestamp>> ends_at;
    std::optional<std::string> comment;
};
SilenceChange parse_silence_change(JsonValue body, Timestamp now, FieldErrors& errors);

}  // namespace chorus::api
