// The meaning of a mail server's refusal for a message (RFC 5321, RFC 3463, RFC 4954, RFC 7504).
#pragma once

#include "aggregator/net/smtp.h"
#include "aggregator/notify/channel.h"

namespace chorus::notify {

// The result for a reply that is no success. A message is given up only if its recipient or its own
// text is refused. Refusals because of us, our settings, the session or the time are tried again,
// and their error says what to do. The server's own words are not repeated.
SendResult judge_refusal(const net::SmtpRefusal& refusal);

}  // namespace chorus::notify
