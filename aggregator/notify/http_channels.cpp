#include "aggregator/notify/http_channels.h"

#include "aggregator/notify/alert_labels.h"
#include "aggregator/notify/encoding.h"

namespace chorus::notify {
namespace {

// The event of a message: that of its alerts, or "mixed".
std::string event_of_all(const Message& message) {
    std::string event{event_of(message.notifications[0])};
    for (const auto& one : message.notifications) {
        if (event_of(one) != event) return "mixed";
    }
    return event;
}

net::HttpRequest json_request(std::string body) {
    net::HttpRequest request;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = std::move(body);
    return request;
}

}  // namespace

SendResult WebhookChannel::send(const Message& message) {
    net::HttpRequest request = json_request(webhook_body(message, links_));
    const auto key = idempotency_key(message);
    request.headers.emplace_back("X-Chorus-Event", event_of_all(message));
    request.headers.emplace_back("Idempotency-Key", key);
    request.headers.emplace_back("X-Chorus-Delivery", key);
    if (!secret_.empty()) {
        request.headers.emplace_back("X-Chorus-Signature",
                                     "sha256=" + to_hex(hmac_sha256(secret_, request.body)));
    }
    return http_send(network_, target_, request);
}

SendResult SlackChannel::send(const Message& message) {
    return http_send(network_, target_, json_request(slack_body(message, links_)));
}

AlertmanagerChannel::AlertmanagerChannel(const net::Network& network, net::HttpTarget target,
                                         Links links, const Clock& clock)
    : network_(network), target_(std::move(target)), links_(std::move(links)), clock_(clock) {
    if (target_.path.ends_with('/')) target_.path.pop_back();
    target_.path += "/api/v2/alerts";
}

SendResult AlertmanagerChannel::send(const Message& message) {
    const auto firing_until = clock_.now() + 3 * kAlertmanagerRepeat + kSendDeadline;
    return http_send(network_, target_,
                     json_request(alertmanager_body(message.notifications, links_, firing_until)));
}

}  // namespace chorus::notify
