// Sends to receivers by HTTP, and judges what they answer.
#pragma once

#include "aggregator/net/http_exchange.h"
#include "aggregator/notify/channel.h"

namespace chorus::notify {

// 2xx is delivered. 400, 413, 415 and 422 are refused: the same message will never be taken, though
// parts of it may be. Everything else is tried again, after the time that Retry-After asks for. If
// an operator has to act, the error says how.
SendResult judge_answer(const HttpHead& head, Timestamp now);

// Sends and judges.
SendResult http_send(const net::Network& network, const net::HttpTarget& target,
                     const net::HttpRequest& request);

}  // namespace chorus::notify
