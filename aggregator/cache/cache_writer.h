// Keeps the latest values in Redis. Ingest never waits for it, and never fails because of it.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "aggregator/cache/redis_connection.h"
#include "common/batch/batch.h"
#include "common/metrics.h"

namespace chorus::cache {

struct CacheWriterOptions {
    std::chrono::milliseconds timeout{50};
    // If a host sends more often than this, only its newest batch is written.
    std::chrono::milliseconds least_gap{2'000};
    std::size_t most_hosts = 100'000;
};

class CacheWriter {
  public:
    CacheWriter(RedisTarget target, CacheWriterOptions options, MetricsRegistry& metrics);
    ~CacheWriter() { stop(); }
    CacheWriter(const CacheWriter&) = delete;
    CacheWriter& operator=(const CacheWriter&) = delete;

    void start();
    // Writes what is waiting, within the timeout, and ends.
    void stop();

    // Takes a committed batch. `made_at` is when it was collected by this program's clock, because
    // the host's own may be wrong. Returns at once. A batch older than the newest one of its host
    // is not taken, so that late batches never hide newer values.
    void offer(Batch&& batch, Timestamp made_at);

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Host {
        std::optional<Batch> waiting;
        Timestamp newest{};       // when the newest batch taken was collected
        SteadyTime next_write{};  // not before
        bool queued = false;
    };
    void loop();
    // The hosts that may be written now, at most a pipeline's worth.
    std::vector<Batch> take_due(SteadyTime& next);
    bool write(const std::vector<Batch>& batches);
    void put_back(std::vector<Batch> batches);

    const RedisTarget target_;
    const CacheWriterOptions options_;
    Counter& written_;
    Counter& failed_;
    Counter& coalesced_;
    Histogram& duration_;

    std::mutex mutex_;  // protects hosts_, queue_, stopping_
    std::condition_variable wake_;
    std::unordered_map<std::string, Host> hosts_;
    std::multimap<SteadyTime, Host*> queue_;  // hosts with a waiting batch by their next_write
    bool stopping_ = false;

    std::unique_ptr<RedisConnection> connection_;  // of the thread
    std::chrono::milliseconds back_off_{0};        // of the thread
    std::thread thread_;
};

}  // namespace chorus::cache
