// A way by which people or programs are told of alerts.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aggregator/alert_store/notification_store.h"

namespace chorus::notify {

using Notifications = std::vector<store::Notification>;

// Alerts that are told together, at most one transition of each.
struct Message {
    std::string channel;  // "webhook:ops"
    Notifications notifications;
};

// What became of one attempt.
struct SendResult {
    store::DeliveryOutcome outcome = store::DeliveryOutcome::delivered;
    std::string error{};  // a sentence without secrets; empty if delivered
    // What the receiver asked to wait before anything more is sent to it.
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

// Longest time that one attempt may take, name lookup and TLS included.
inline constexpr std::chrono::seconds kSendDeadline{10};
// A receiver that asks for a longer wait is asked again after this one.
inline constexpr std::chrono::seconds kLongestAskedWait{std::chrono::hours{1}};

// Used by one thread at a time.
class Channel {
  public:
    virtual ~Channel() = default;
    // Never throws for what the other side does.
    virtual SendResult send(const Message& message) = 0;
};

// The same for every attempt of a message, and of no other: "<alert>/<transition>/<channel>", or
// the SHA-256 of all these for several alerts. An alert sent alone has the key that it had among
// others.
std::string idempotency_key(const Message& message);
std::string idempotency_key(const store::Notification& notification, const std::string& channel);

}  // namespace chorus::notify
