// Channels that post JSON: webhook, Slack, Alertmanager.
#pragma once

#include <string>

#include "aggregator/notify/alert_bodies.h"
#include "aggregator/notify/http_send.h"
#include "common/clock.h"

namespace chorus::notify {

// Alertmanager's webhook body, with X-Chorus-Event, Idempotency-Key, X-Chorus-Delivery (the same)
// and, if there is a secret, X-Chorus-Signature: sha256=<hex HMAC of the body>.
class WebhookChannel final : public Channel {
  public:
    WebhookChannel(const net::Network& network, net::HttpTarget target, std::string secret,
                   Links links)
        : network_(network),
          target_(std::move(target)),
          secret_(std::move(secret)),
          links_(std::move(links)) {}
    SendResult send(const Message& message) override;

  private:
    const net::Network& network_;
    const net::HttpTarget target_;
    const std::string secret_;
    const Links links_;
};

class SlackChannel final : public Channel {
  public:
    SlackChannel(const net::Network& network, net::HttpTarget target, Links links)
        : network_(network), target_(std::move(target)), links_(std::move(links)) {}
    SendResult send(const Message& message) override;

  private:
    const net::Network& network_;
    const net::HttpTarget target_;
    const Links links_;
};

// How often firing alerts are sent again. Alertmanager takes an alert for resolved after three
// times that without news.
inline constexpr std::chrono::seconds kAlertmanagerRepeat{60};

class AlertmanagerChannel final : public Channel {
  public:
    // `target` is the address of Alertmanager; /api/v2/alerts is added to it.
    AlertmanagerChannel(const net::Network& network, net::HttpTarget target, Links links,
                        const Clock& clock);
    SendResult send(const Message& message) override;

  private:
    const net::Network& network_;
    net::HttpTarget target_;
    const Links links_;
    const Clock& clock_;
};

}  // namespace chorus::notify
