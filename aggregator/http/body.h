// Rules for request bodies: size, type, encoding.
#pragma once

#include <optional>

#include "aggregator/http/head_parser.h"
#include "aggregator/http/response.h"
#include "aggregator/http/router.h"

namespace chorus::http {

// 411, 413 or 415, decided by the headers alone. Nothing if the body may be read.
std::optional<Response> check_body_headers(const Head& head, const Route& route);

// Whether the client takes gzip in an answer.
bool accepts_gzip(const Request& request);

// Whether the body must be inflated before a handler sees it.
bool is_compressed(const Request& request);

// Replaces a compressed body by its content, after check_body_headers() let it pass. Throws
// HttpError 400 (damaged) or 413 (too large).
void inflate_body(Request& request);

}  // namespace chorus::http
