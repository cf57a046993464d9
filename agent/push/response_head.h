// The head of an HTTP/1.1 answer: RFC 9112.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chorus::agent {

struct ResponseHead {
    int status = 0;
    std::optional<std::size_t> content_length;
    std::string retry_after;  // empty if absent
    std::string date;         // the same
    bool keeps_alive = false;
};

// The status of "HTTP/1.1 200 OK"; nullopt if the line is none.
std::optional<int> parse_status_line(std::string_view line);

// `text` is all up to the empty line. nullopt if it is no such head, its length is given twice with
// different values, or the body has another form than a counted one.
std::optional<ResponseHead> parse_response_head(std::string_view text);

}  // namespace chorus::agent
