// The header Retry-After (RFC 9110, 10.2.3).
#pragma once

#include <chrono>
#include <optional>

#include "common/http/http_head.h"
#include "common/timestamp.h"

namespace chorus {

// How long an answer asks to wait, at most `most`; nullopt if it does not, or not in a form of the
// standard. A date is compared with the answer's own Date where it has one, so that the clocks need
// not agree, else with `now`; one that has passed asks for no wait.
std::optional<std::chrono::seconds> retry_after(const HttpHead& head, Timestamp now,
                                                std::chrono::seconds most);

// A date of HTTP in one of its three forms (RFC 9110, 5.6.7), always UTC. nullopt if it is none.
std::optional<Timestamp> parse_http_date(std::string_view text, Timestamp now);

}  // namespace chorus
