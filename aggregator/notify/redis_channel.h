// The Redis channel `alerts`. It gets each transition as an Alert with its event. Best effort.
#pragma once

#include "aggregator/cache/alert_feed.h"
#include "aggregator/notify/channel.h"

namespace chorus::notify {

class RedisChannel final : public Channel {
  public:
    explicit RedisChannel(cache::RedisTarget target) : feed_(std::move(target)) {}
    SendResult send(const Message& message) override;

  private:
    cache::AlertFeed feed_;
};

}  // namespace chorus::notify
