// The channel `alerts`. Programs that want to hear of alerts subscribe to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aggregator/cache/redis_connection.h"

namespace chorus::cache {

// Used by one thread at a time.
class AlertFeed {
  public:
    explicit AlertFeed(RedisTarget target) : target_(std::move(target)) {}

    // Publishes texts in their order. Throws RedisUnavailable; some of them may be published by
    // then.
    void publish(const std::vector<std::string>& alerts);

  private:
    const RedisTarget target_;
    std::unique_ptr<RedisConnection> connection_;  // none after a failure
};

}  // namespace chorus::cache
