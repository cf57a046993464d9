// A way to send alerts to people or programs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aggregator/alert_store/notification_store.h"

namespace chorus::notify {

using Notifications = std::vector<store::Notification>;

// Alerts that are sent together, at most one transition of each.
struct Message {
    std::string channel;  // "webhook:ops"
    Notifications notifications;
};

// The outcome of one attempt.
struct SendResult {
    store::DeliveryOutcome outcome = store::DeliveryOutcome::delivered;
    std::string error{};  // a sentence without secrets; empty if delivered
    // How long the receiver wants nothing more to be sent.
    std::chrono::seconds asked_wait{0};

    static SendResult retry(std::string why) {
        return {store::DeliveryOutcome::retry, std::move(why), {}};
    }
    static SendResult refused(std::string why) {
        return {store::DeliveryOutcome::refused, std::move(why), {}};
    }
    static SendResult impossible(std::string why) {
        return {store::DeliveryOutcome::impossible, std::move(why), {}};
    }
};

// The longest time of one attempt, with name look-up and TLS.
inline constexpr std::chrono::seconds kSendDeadline{10};
// The longest wait that a receiver gets, even if it asks for more.
inline constexpr std::chrono::seconds kLongestAskedWait{std::chrono::hours{1}};

// Used by one thread at a time.
class Channel {
  public:
    virtual ~Channel() = default;
    // Never throws because of the other side.
    virtual SendResult send(const Message& message) = 0;
};

// The key of a message. It is the same for every attempt, and no other message has it:
// "<alert>/<transition>/<channel>", or the SHA-256 of all these if there are several alerts. An
// alert that is sent alone has the key that it had among others.
std::string idempotency_key(const Message& message);
std::string idempotency_key(const store::Notification& notification, const std::string& channel);

}  // namespace chorus::notify
