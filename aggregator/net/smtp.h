// Gives one mail to a mail server: RFC 5321 with STARTTLS (RFC 3207) and AUTH PLAIN or LOGIN.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aggregator/net/mail.h"
#include "aggregator/net/stream.h"

namespace chorus::net {

struct SmtpServer {
    std::string host;
    std::uint16_t port = 587;
    bool tls_from_start = false;  // smtps, port 465
    bool allow_plain = false;     // also send where the server offers no STARTTLS; never a password
    std::string user, password;   // empty: no login
    std::string from;             // address of the sender
    std::string hello{};          // name that we greet with; empty: see hello_name()
};

// The name for the greeting (RFC 5321, 4.1.1.1). It is the setting. Without one it is the domain of
// the sender or this machine's name, whichever first has a dot. Else it is `own_address` as a
// literal.
std::string hello_name(const SmtpServer& server, const std::string& own_host,
                       const std::string& own_address);

// The step of the dialogue that a reply belongs to.
enum class SmtpStep { greeting, hello, start_tls, login, sender, recipient, text };

struct SmtpReply {
    int code = 0;      // 200 to 599
    std::string text;  // of all its lines, without codes
};

// A reply that ends a mail, for now or for good.
struct SmtpRefusal {
    SmtpStep step{};
    SmtpReply reply{};
    std::string hello{};  // the name that we greeted with, once there was one
};

// Gives the mail to the server, or returns how it was refused. Throws StreamError.
std::optional<SmtpRefusal> smtp_send(const Network& network, const SmtpServer& server,
                                     const Mail& mail, Timestamp now, Stream::Deadline deadline);

}  // namespace chorus::net
