// Gives one mail to a mail server: RFC 5321 with STARTTLS (RFC 3207) and AUTH PLAIN or LOGIN.
#pragma once

#include <string>
#include <vector>

#include "aggregator/notify/channel.h"
#include "aggregator/notify/stream.h"

namespace chorus::notify {

struct SmtpServer {
    std::string host;
    std::uint16_t port = 587;
    bool tls_from_start = false;  // smtps, port 465
    bool allow_plain = false;     // also send where the server offers no STARTTLS; never a password
    std::string user, password;   // empty: no login
    std::string from;             // address of the sender
    std::string hello{};          // name that we greet with; empty: see hello_name()
};

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

// The name for the greeting (RFC 5321, 4.1.1.1). It is the setting. Without one it is the domain of
// the sender or this machine's name, whichever first has a dot. Else it is `own_address` as a
// literal.
std::string hello_name(const SmtpServer& server, const std::string& own_host,
                       const std::string& own_address);

// judge_refusal() judges refusals. Every other failure may pass later.
SendResult smtp_send(const Network& network, const SmtpServer& server, const Mail& mail,
                     Timestamp now);

}  // namespace chorus::notify
