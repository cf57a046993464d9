#include "aggregator/notify/email_channel.h"

#include <stdexcept>

#include "aggregator/notify/alert_text.h"
#include "aggregator/notify/encoding.h"
#include "aggregator/notify/smtp_reply.h"
#include "aggregator/postgres/sha256.h"

namespace chorus::notify {

SendResult EmailChannel::send(const Message& message) {
    net::Mail mail;
    mail.to = message.channel.substr(message.channel.find(':') + 1);
    if (!net::is_mail_address(mail.to)) return SendResult::impossible("not a mail address");
    const auto key = idempotency_key(message);
    mail.subject = subject_of(message);
    mail.text = text_of(message, links_);
    mail.message_id = to_hex(store::sha256(key)).substr(0, 32);
    mail.headers = {{"X-Chorus-Delivery", key}};
    try {
        const auto refusal = net::smtp_send(network_, server_, mail, clock_.now(),
                                            std::chrono::steady_clock::now() + kSendDeadline);
        return refusal ? judge_refusal(*refusal) : SendResult{};
    } catch (const std::runtime_error& e) {
        return SendResult::retry(e.what());
    }
}

}  // namespace chorus::notify
