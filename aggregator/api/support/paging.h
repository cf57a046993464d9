// Pages of a list: the cursor of the next one, and the link to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/history/metric_reader.h"
#include "aggregator/http/parameters.h"
#include "aggregator/http/request.h"
#include "aggregator/http/response.h"

namespace chorus::api {

// The place where a page ended, as an opaque word. It is valid only for the query that it came from
// (all parameters but cursor, limit, offset, skip and count). `position` is words joined by dots.
std::string make_cursor(const http::Request& request, const std::string& position);
std::string make_cursor(const http::Request& request, const store::SampleCursor& cursor);
// The `cursor` parameter. Notes a fault of type cursor_invalid if it is forged or belongs to
// another query.
std::optional<std::string> read_position(const http::Request& request,
                                         http::Parameters& parameters);
std::optional<store::SampleCursor> read_cursor(const http::Request& request,
                                               http::Parameters& parameters);

// `Link: <path?query&cursor=...>; rel="next"`.
void add_next_link(http::Response& response, const http::Request& request,
                   std::string_view parameter, const std::string& value);

}  // namespace chorus::api
