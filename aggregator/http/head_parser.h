// Reads the head of an HTTP/1.1 request as strictly as RFC 9112 allows. What another server in
// front could understand differently is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/http/request.h"

namespace chorus::http {

inline constexpr std::size_t kLargestHead = 16U << 10U;
inline constexpr std::size_t kLongestTarget = 8U << 10U;
inline constexpr std::size_t kMostHeaders = 100;

struct Head {
    Request request;  // method, path, query and headers are set
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expect_continue = false;
    std::optional<std::uint64_t> content_length;
};

struct HeadError {
    int status = 400;
    std::string code;
    std::string detail;
    std::vector<NameValue> headers{};
};
inline HeadError bad_request(std::string code, std::string detail) {
    return {400, std::move(code), std::move(detail)};
}

// Length of the head at the front of `bytes`, with its empty line. 0 if it is not complete.
std::size_t head_length(std::string_view bytes);

// Whether bytes that are not yet a complete head can still become a valid one.
std::optional<HeadError> check_incomplete_head(std::string_view bytes);

// Parses a complete head of `head_length(bytes)` bytes. Every error ends the connection.
std::optional<HeadError> parse_head(std::string_view bytes, Head& head);

// "a=1&b=%20" decoded; nullopt for bad percent-encoding. `+` is a space.
std::optional<std::vector<NameValue>> parse_query(std::string_view text);

}  // namespace chorus::http
