#include "agent/push/send_queue.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kSendQueueLog{"spool"};

}  // namespace

SendQueue::SendQueue(std::unique_ptr<Spool> spool, std::size_t most_in_memory)
    : spool_(std::move(spool)), most_in_memory_(most_in_memory) {}

void SendQueue::push(PackedBatch batch) {
    const std::lock_guard lock(mutex_);
    if (live_) add_to_backlog(std::move(*live_));
    live_ = std::move(batch);
    changed_.notify_all();
}

// What waits in memory is older and goes to the disk first.
void SendQueue::add_to_backlog(PackedBatch batch) {
    memory_bytes_ += batch.json_zstd.size();
    memory_.push_back(std::move(batch));
    while (spool_ && !memory_.empty() && append(memory_.front())) {
        memory_bytes_ -= memory_.front().json_zstd.size();
        memory_.pop_front();
    }
    while (memory_.size() > 1 &&
           (memory_.size() > most_in_memory_ || memory_bytes_ > kMostMemoryBytes)) {
        memory_bytes_ -= memory_.front().json_zstd.size();
        memory_.pop_front();
        ++dropped_;
    }
}

bool SendQueue::append(const PackedBatch& batch) {
    const bool good = spool_->append(batch.time, batch.json_zstd);
    tell_disk(good);
    return good;
}

void SendQueue::tell_disk(bool good) {
    if (good == disk_good_) return;
    disk_good_ = good;
    if (good) {
        kSendQueueLog.info("The spool can be written again");
    } else {
        kSendQueueLog.warning("The spool cannot be written; keeping batches in memory",
                              {{"error", std::generic_category().message(errno)}});
    }
}

std::optional<QueuedBatch> SendQueue::take(const std::stop_token& stop,
                                           Clock::time_point backlog_from) {
    std::unique_lock lock(mutex_);
    const auto live = [&] { return live_ || closed_; };
    if (!has_backlog()) {
        changed_.wait(lock, stop, [&] { return live() || has_backlog(); });
    }
    changed_.wait_until(lock, stop, backlog_from, live);
    if (stop.stop_requested()) return std::nullopt;
    if (live_) {
        QueuedBatch queued{
            .batch = std::move(*live_), .from = QueuedBatch::From::live, .spool_seq = 0};
        live_.reset();
        return queued;
    }
    return take_backlog();
}

std::optional<QueuedBatch> SendQueue::take_backlog() {
    if (spool_) {
        if (auto spooled = spool_->oldest()) {
            return QueuedBatch{.batch = {.seq = 0,
                                         .time = spooled->time,
                                         .json_zstd = std::move(spooled->payload)},
                               .from = QueuedBatch::From::spool,
                               .spool_seq = spooled->seq};
        }
    }
    if (memory_.empty()) return std::nullopt;
    QueuedBatch queued{
        .batch = std::move(memory_.front()), .from = QueuedBatch::From::memory, .spool_seq = 0};
    memory_bytes_ -= queued.batch.json_zstd.size();
    memory_.pop_front();
    return queued;
}

void SendQueue::done(const QueuedBatch& queued) {
    if (queued.from != QueuedBatch::From::spool) return;
    const std::lock_guard lock(mutex_);
    spool_->remove(queued.spool_seq);
}

void SendQueue::put_back(QueuedBatch queued) {
    const std::lock_guard lock(mutex_);
    switch (queued.from) {
        case QueuedBatch::From::spool:
            break;  // it never left
        case QueuedBatch::From::live:
            add_to_backlog(std::move(queued.batch));
            break;
        case QueuedBatch::From::memory:
            memory_bytes_ += queued.batch.json_zstd.size();
            memory_.push_front(std::move(queued.batch));
            break;
    }
    changed_.notify_all();
}

void SendQueue::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

void SendQueue::move_live_to_backlog() {
    const std::lock_guard lock(mutex_);
    if (live_) add_to_backlog(std::move(*live_));
    live_.reset();
}

SendQueueCounts SendQueue::counts() const {
    const std::lock_guard lock(mutex_);
    SendQueueCounts counts{.batches = memory_.size(),
                           .bytes = memory_bytes_,
                           .oldest_time = {},
                           .dropped = dropped_,
                           .lost = 0,
                           .on_disk = spool_ && disk_good_};
    if (!memory_.empty()) counts.oldest_time = memory_.front().time;
    if (spool_) {
        counts.batches += spool_->size();
        counts.bytes += spool_->bytes();
        counts.dropped += spool_->evicted();
        counts.lost = spool_->lost();
        if (const auto time = spool_->oldest_time()) counts.oldest_time = time;
    }
    return counts;
}

}  // namespace chorus::agent
