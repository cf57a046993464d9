// Silences as clients write them.
#pragma once

#include <optional>
#include <string>

#include "aggregator/alert_store/silence_store.h"
#include "common/field_error.h"
#include "common/json_reader.h"

namespace chorus::api {

// A silence to be made: at least one matcher, a comment, and an end unless it is weekly. Every
// fault is added to `errors`; the silence is only meaningful if there is none. Id, creation times
// and created_by (unless given) are left to the caller; whether the time zone exists, too.
store::SilenceRow parse_silence(JsonValue body, Timestamp now, FieldErrors& errors);

// What a PATCH asks for; absent members stay as they are.
struct SilenceChange {
    bool expire = false;
    // A new end; a null in the body is no end, which only a weekly silence may have.
    std::optional<std::optional<Timestamp>> ends_at;
    std::optional<std::string> comment;
};
SilenceChange parse_silence_change(JsonValue body, Timestamp now, FieldErrors& errors);

}  // namespace chorus::api
