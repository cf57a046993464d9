#include "aggregator/notify/email_channel.h"

#include "aggregator/notify/alert_text.h"
#include "aggregator/notify/encoding.h"
#include "aggregator/postgres/sha256.h"

namespace chorus::notify {

SendResult EmailChannel::send(const Message& message) {
    Mail mail;
    mail.to = message.channel.substr(message.channel.find(':') + 1);
    if (!is_mail_address(mail.to)) return SendResult::impossible("not a mail address");
    const auto key = idempotency_key(message);
    mail.subject = subject_of(message);
    mail.text = text_of(message, links_);
    mail.message_id = to_hex(store::sha256(key)).substr(0, 32);
    mail.headers = {{"X-Chorus-Delivery", key}};
    return smtp_send(network_, server_, mail, clock_.now());
}

}  // namespace chorus::notify
