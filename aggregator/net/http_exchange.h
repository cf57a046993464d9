// One HTTP/1.1 request and the head of its answer. It has a connection and a deadline of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/net/stream.h"
#include "common/http/http_head.h"

namespace chorus::net {

// The parts of an http or https URL that a request needs.
struct HttpTarget {
    bool tls = false;
    std::string host;
    std::uint16_t port = 80;
    std::string path;           // with the query, as written
    std::string authorization;  // value of that header, from user and password; empty: none
};

// Throws std::invalid_argument (without the URL) if it is no http or https URL.
HttpTarget parse_http_target(std::string_view url);

struct HttpRequest {
    std::string_view method = "POST";
    std::vector<std::pair<std::string_view, std::string>> headers{};  // beside Host and lengths
    std::string body{};
};

// Returns the head of the answer and does not wait for its body. Redirects are not followed. Throws
// StreamError.
HttpHead http_exchange(const Network& network, const HttpTarget& target, const HttpRequest& request,
                       Stream::Deadline deadline);

}  // namespace chorus::net
