// The meaning of a mail server's refusal for a message (RFC 5321, RFC 3463, RFC 4954, RFC 7504).
#pragma once

#include <string>

#include "aggregator/notify/channel.h"

namespace chorus::notify {

// The step of the dialogue that a reply belongs to.
enum class SmtpStep { greeting, hello, start_tls, login, sender, recipient, text };

struct SmtpReply {
    int code = 0;      // 200 to 599
    std::string text;  // of all its lines, without codes
};

// The result for a reply that is no success. A message is given up only if its recipient or its own
// text is refused. Refusals because of us, our settings, the session or the time are tried again,
// and their error says what to do. `hello` is the name that we greeted with. The server's own words
// are not repeated.
SendResult judge_refusal(SmtpStep step, const SmtpReply& reply, const std::string& hello);

}  // namespace chorus::notify
