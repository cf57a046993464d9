// Encodes bytes as receivers expect them.
#pragma once

#include <string>
#include <string_view>

namespace chorus::notify {

std::string to_hex(std::string_view bytes);
// RFC 2104; the 32 raw bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace chorus::notify
