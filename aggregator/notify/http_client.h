// Posts to receivers by HTTP/1.1. Each request has one connection and one deadline.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/notify/channel.h"
#include "aggregator/notify/stream.h"
#include "common/http/http_head.h"

namespace chorus::notify {

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

// 2xx is delivered. 400, 413, 415 and 422 are refused: the same message will never be taken, though
// parts of it may be. Everything else is tried again, after the time that Retry-After asks for. If
// an operator has to act, the error says how.
SendResult judge_answer(const HttpHead& head, Timestamp now);

// Sends and judges.
SendResult http_send(const Network& network, const HttpTarget& target, const HttpRequest& request);

}  // namespace chorus::notify
