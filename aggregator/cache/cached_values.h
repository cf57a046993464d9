// Values of the cache as they come from Redis, where anybody may have put them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chorus::cache {

// Whether a value of latest:* has the shape that openapi.json describes, and is safe to pass on.
bool is_latest(std::string_view json);

// The metric types that index_key() lists; none if it holds something else.
std::vector<std::string> read_index(std::string_view json);

}  // namespace chorus::cache
