// Writes single entries to Redis when they change, and takes them away.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aggregator/cache/cache_entries.h"
#include "aggregator/cache/redis_connection.h"
#include "common/metrics.h"

namespace chorus::cache {

// For entries that are written once a minute or less; batches of agents go through CacheWriter.
// Thread-safe. If Redis is away, that is logged once and is no failure: the entries come again or
// expire.
class EntryWriter {
  public:
    EntryWriter(RedisTarget target, MetricsRegistry& metrics,
                std::chrono::milliseconds timeout = std::chrono::milliseconds{50});

    void write(const std::vector<CacheEntry>& entries);
    void remove(const std::vector<std::string>& keys);
    // Removes everything that Redis has about a host.
    void forget_host(const std::string& hostname, const std::vector<std::string>& metric_types);

  private:
    void send(const std::vector<std::vector<std::string>>& commands);

    const RedisTarget target_;
    const std::chrono::milliseconds timeout_;
    Histogram& duration_;
    std::mutex mutex_;  // protects all below
    std::unique_ptr<RedisConnection> connection_;
    bool away_ = false;
};

}  // namespace chorus::cache
