#include "agent/push/batch_queue.h"

#include <utility>

namespace chorus::agent {

// One batch is always kept, however large it is.
bool BatchQueue::has_room_for(const PackedBatch& batch) const {
    return batches_.empty() ||
           (batches_.size() < most_ && bytes_ + batch.json_zstd.size() <= most_bytes_);
}

void BatchQueue::push(PackedBatch batch) {
    const std::lock_guard lock(mutex_);
    while (!has_room_for(batch)) {
        bytes_ -= batches_.front().json_zstd.size();
        batches_.pop_front();
        ++dropped_;
    }
    bytes_ += batch.json_zstd.size();
    batches_.push_back(std::move(batch));
    changed_.notify_all();
}

std::optional<PackedBatch> BatchQueue::take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !batches_.empty() || closed_; });
    if (stop.stop_requested() || batches_.empty()) return std::nullopt;
    PackedBatch batch = std::move(batches_.front());
    bytes_ -= batch.json_zstd.size();
    batches_.pop_front();
    return batch;
}

void BatchQueue::put_back(PackedBatch batch) {
    const std::lock_guard lock(mutex_);
    if (!has_room_for(batch)) {
        ++dropped_;
        return;
    }
    bytes_ += batch.json_zstd.size();
    batches_.push_front(std::move(batch));
    changed_.notify_all();
}

void BatchQueue::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

std::size_t BatchQueue::size() const {
    const std::lock_guard lock(mutex_);
    return batches_.size();
}

std::uint64_t BatchQueue::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

}  // namespace chorus::agent
