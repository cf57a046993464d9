// A mail as it is sent (RFC 5322).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/timestamp.h"

namespace chorus::net {

struct Mail {
    std::string to;          // one address
    std::string subject;     // outside text; CR and LF are made harmless
    std::string text;        // outside text, UTF-8
    std::string message_id;  // unique part of the Message-ID, the same when it is sent again
    std::vector<std::pair<std::string, std::string>> headers{};  // further ones
};

// Whether the address may be in a mail's envelope: local@domain in printable ASCII without spaces,
// quotes, brackets and commas, at most 254 bytes.
bool is_mail_address(std::string_view text);

// The mail as it is sent: headers, and the body as base64 in lines. All lines end with CR LF.
std::string compose(const Mail& mail, const std::string& from, Timestamp now);

}  // namespace chorus::net
