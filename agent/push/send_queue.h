// Batches that wait for the aggregator: the newest in memory, the backlog on disk.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/spool/spool.h"

namespace chorus::agent {

struct PackedBatch {
    std::int64_t seq = 0;
    std::uint32_t time = 0;  // when it was collected, seconds since 1970
    std::string json_zstd;   // the JSON form, compressed
};

// A batch on its way, and where it came from.
struct QueuedBatch {
    enum class From { live, spool, memory };
    PackedBatch batch;
    From from = From::live;
    std::uint64_t spool_seq = 0;
};

// How much waits, and what was lost since the start.
struct SendQueueCounts {
    std::uint64_t batches = 0;  // waiting, the live one not counted
    std::uint64_t bytes = 0;    // of them
    std::optional<std::uint32_t> oldest_time;
    std::uint64_t dropped = 0;  // the oldest, for want of room
    std::uint64_t lost = 0;     // to damage of the spool
    bool on_disk = false;       // whether the backlog is safe
};

// A batch is live until it was tried or a newer one comes. Then it goes to the spool. So the disk
// is not touched while all goes well, and a batch that waits longer than one interval is safe.
// While the disk takes nothing, batches wait in memory. That is bounded in number and bytes; the
// oldest go first. Thread-safe.
class SendQueue {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMostMemoryBytes = 16U << 20U;

    // Without a spool everything is kept in memory.
    SendQueue(std::unique_ptr<Spool> spool, std::size_t most_in_memory);

    void push(PackedBatch batch);
    // Waits for a batch. The live one comes at once. The backlog comes from `backlog_from` on,
    // oldest first. nullopt when `stop` is requested, or when the queue is closed and empty. One
    // batch is out at a time.
    std::optional<QueuedBatch> take(const std::stop_token& stop, Clock::time_point backlog_from);
    // The batch was delivered, or will never be.
    void done(const QueuedBatch& queued);
    // The batch has to be tried again.
    void put_back(QueuedBatch queued);
    // No more will come: take() gives what is left and then nullopt.
    void close();
    // Moves the live batch to the backlog, so that it survives.
    void move_live_to_backlog();

    SendQueueCounts counts() const;

  private:
    bool has_backlog() const { return (spool_ && spool_->size() > 0) || !memory_.empty(); }
    void add_to_backlog(PackedBatch batch);
    bool append(const PackedBatch& batch);
    void tell_disk(bool good);
    std::optional<QueuedBatch> take_backlog();

    const std::unique_ptr<Spool> spool_;
    const std::size_t most_in_memory_;
    mutable std::mutex mutex_;  // protects what the spool holds and the members below
    std::condition_variable_any changed_;
    std::optional<PackedBatch> live_;
    std::deque<PackedBatch> memory_;  // newer than the spool
    std::size_t memory_bytes_ = 0;
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
    bool disk_good_ = true;
};

}  // namespace chorus::agent
