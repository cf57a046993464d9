// SHA-256, FIPS 180-4.
#pragma once

#include <string>
#include <string_view>

namespace chorus::store {

// The 32 raw bytes.
std::string sha256(std::string_view data);

}  // namespace chorus::store
