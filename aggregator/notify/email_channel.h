// Channel "email:ADDRESS": a mail for each message.
#pragma once

#include "aggregator/net/smtp.h"
#include "aggregator/notify/alert_bodies.h"
#include "common/clock.h"

namespace chorus::notify {

// Serves all addresses. The message's channel has the address to write to.
class EmailChannel final : public Channel {
  public:
    EmailChannel(const net::Network& network, net::SmtpServer server, Links links,
                 const Clock& clock)
        : network_(network), server_(std::move(server)), links_(std::move(links)), clock_(clock) {}
    SendResult send(const Message& message) override;

  private:
    const net::Network& network_;
    const net::SmtpServer server_;
    const Links links_;
    const Clock& clock_;
};

}  // namespace chorus::notify
