// Batches that wait for the aggregator.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace chorus::agent {

struct PackedBatch {
    std::int64_t seq = 0;
    std::string json_zstd;  // the JSON form, compressed
};

// First in, first out, bounded in number and bytes: when it is full the oldest batch is dropped and
// counted, because the present is worth more than the past. Thread-safe.
class BatchQueue {
  public:
    static constexpr std::size_t kMostBytes = 32U << 20U;

    explicit BatchQueue(std::size_t most, std::size_t most_bytes = kMostBytes)
        : most_(most), most_bytes_(most_bytes) {}

    void push(PackedBatch batch);
    // Waits for a batch; takes it off the queue. nullopt when `stop` is requested or the queue is
    // closed and empty.
    std::optional<PackedBatch> take(std::stop_token stop);
    // Puts back what take() gave and could not be sent; dropped if newer ones have filled the
    // queue.
    void put_back(PackedBatch batch);
    // No more will come: take() gives what is left and then nullopt.
    void close();

    std::size_t size() const;
    std::uint64_t dropped() const;

  private:
    bool has_room_for(const PackedBatch& batch) const;

    const std::size_t most_;
    const std::size_t most_bytes_;
    mutable std::mutex mutex_;  // protects the members below
    std::condition_variable_any changed_;
    std::deque<PackedBatch> batches_;
    std::size_t bytes_ = 0;  // of the batches
    bool closed_ = false;
    std::uint64_t dropped_ = 0;
};

}  // namespace chorus::agent
