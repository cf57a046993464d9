// The first line of a request: method, target and version (RFC 9112 section 3).
#pragma once

#include <optional>
#include <string_view>

#include "aggregator/http/head_parser.h"

namespace chorus::http {

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text);
bool is_control(char c);

HeadError target_too_long();

// Sets method, target, path, query and the meaning of the version. `line` is without its CR LF.
std::optional<HeadError> read_request_line(std::string_view line, Head& head);

}  // namespace chorus::http
