#include "aggregator/notify/channel.h"

#include "aggregator/notify/encoding.h"
#include "aggregator/postgres/sha256.h"

namespace chorus::notify {

std::string idempotency_key(const store::Notification& notification, const std::string& channel) {
    return notification.alert.id.to_string() + "/" + std::to_string(notification.transition.id) +
           "/" + channel;
}

std::string idempotency_key(const Message& message) {
    if (message.notifications.size() == 1) {
        return idempotency_key(message.notifications[0], message.channel);
    }
    std::string all;
    for (const auto& one : message.notifications) {
        all += idempotency_key(one, message.channel) + "\n";
    }
    return to_hex(store::sha256(all));
}

}  // namespace chorus::notify
