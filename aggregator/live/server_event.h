// The text/event-stream format of the HTML standard, "Server-sent events".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aggregator/http/response.h"

namespace chorus::live {

// `json` holds no line breaks. An id of 0 is left out.
std::string server_event(std::uint64_t id, std::string_view name, std::string_view json);

// An answer with the head of a stream. The hub takes its body over later.
http::Response stream_response();

}  // namespace chorus::live
