// Points in time and their RFC 3339 form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chorus {

// UTC, microseconds since 1970-01-01: the resolution of PostgreSQL's timestamptz.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// "2024-01-15T10:30:45.123Z" (milliseconds, the form of every API answer and log line).
std::string format_timestamp(Timestamp time);

// The same with six fractional digits, used on the wire so that a batch keeps its exact time.
std::string format_timestamp_micros(Timestamp time);

// Reads RFC 3339 with `Z`, an offset, or none (= UTC); `T`, `t` or a space between date and time; a
// date alone is midnight. A `+` that arrived as a space in a query string is accepted before the
// offset. Digits past microseconds are cut. Years 1970 to 9999 in UTC. nullopt if it is anything
// else.
std::optional<Timestamp> parse_timestamp(std::string_view text);

inline std::int64_t to_unix_micros(Timestamp time) {
    return time.time_since_epoch().count();
}
inline Timestamp from_unix_micros(std::int64_t micros) {
    return Timestamp{std::chrono::microseconds{micros}};
}

}  // namespace chorus
