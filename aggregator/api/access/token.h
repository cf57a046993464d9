// API tokens: 256 random bits in a form that secret scanners can recognise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chorus::api {

// Bounds of an enrolment token.
inline constexpr std::int64_t kMostEnrolmentHours = 24;
inline constexpr std::int64_t kMostEnrolmentUses = 10'000;
// Of a sign-in link, and of the session that it begins.
inline constexpr std::int64_t kMostLinkMinutes = 24 * 60;
inline constexpr std::int64_t kSessionHours = 12;

// "chr_<kind>_<43 characters base64url>_<8 hex digits CRC-32 of all before>", kind the role of the
// token. Throws std::system_error if the kernel gives no randomness.
std::string make_token(std::string_view kind);

// Whether the text has the form of a token and the right checksum. So typing errors and truncated
// pastes are refused without a look-up.
bool is_well_formed_token(std::string_view token);

// SHA-256, 32 bytes: the only form in which a token is stored. Plain hashing is enough because the
// token itself is random over 256 bits.
std::string hash_token(std::string_view token);

}  // namespace chorus::api
