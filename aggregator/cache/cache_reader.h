// Reads the latest values from Redis. Checks them as if a stranger had written them.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/cache/cache_entries.h"
#include "aggregator/cache/overview.h"
#include "aggregator/cache/redis_connection.h"
#include "common/metrics.h"

namespace chorus::cache {

// Thread-safe. Returns nullopt if Redis is away or slow. After a failure Redis is not asked for a
// second, so that a hanging Redis costs each request at most one timeout.
class CacheReader {
  public:
    CacheReader(RedisTarget target, MetricsRegistry& metrics,
                std::chrono::milliseconds timeout = std::chrono::milliseconds{50});
    ~CacheReader();

    bool ping();
    // An empty list means that Redis answers but has nothing about this host.
    std::optional<std::vector<LatestMetric>> latest(const std::string& hostname);
    // In the order of the names. Elements that are not in Redis are nullopt.
    std::optional<std::vector<std::optional<SystemOverview>>> overviews(
        const std::vector<std::string>& hostnames);

  private:
    template <typename Work>
    auto with_connection(Histogram& duration, Work&& work)
        -> std::optional<std::invoke_result_t<Work&, RedisConnection&>>;
    std::unique_ptr<RedisConnection> take(bool& pooled);
    void give_back(std::unique_ptr<RedisConnection> connection);

    const RedisTarget target_;
    const std::chrono::milliseconds timeout_;
    Histogram& latest_duration_;
    Histogram& overview_duration_;
    Histogram& ping_duration_;
    std::atomic<std::int64_t> away_until_ns_{0};  // steady clock
    std::mutex mutex_;                            // protects idle_
    std::vector<std::unique_ptr<RedisConnection>> idle_;
};

}  // namespace chorus::cache
