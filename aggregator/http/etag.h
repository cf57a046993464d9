// Conditional requests: RFC 9110 section 13.1.
#pragma once

#include <string_view>

namespace chorus::http {

// Whether an If-None-Match header names this tag. Tags are compared weakly, as section 13.1.2
// requires. "*" names every tag, an empty header none.
bool etag_listed(std::string_view if_none_match, std::string_view etag);

}  // namespace chorus::http
