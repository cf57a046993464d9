#include "agent/push/sender.h"

#include <exception>
#include <optional>

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kSenderLog{"push"};

}  // namespace

Sender::Sender(SendQueue& queue, Delivery& delivery, std::chrono::milliseconds pace)
    : queue_(queue),
      delivery_(delivery),
      pace_(pace),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Sender::~Sender() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Sender::finish() {
    {
        const std::lock_guard lock(mutex_);
        finishing_ = true;
    }
    wake_.notify_all();
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void Sender::run(const std::stop_token& stop) {
    auto backlog_from = SendQueue::Clock::now();
    while (auto queued = queue_.take(stop, backlog_from)) {
        Step step;
        try {
            step = attempt(*queued, stop);
        } catch (const std::exception& e) {
            // What is packed cannot be unpacked, or memory is short: this batch is lost, not all.
            kSenderLog.error("Batch was lost", {{"error", e.what()}});
            step.outcome = Outcome::dropped;
        }
        if (queued->from != QueuedBatch::From::live) backlog_from = SendQueue::Clock::now() + pace_;
        if (step.is_final()) {
            queue_.done(*queued);
            continue;
        }
        queue_.put_back(std::move(*queued));
        {
            const std::lock_guard lock(mutex_);
            if (finishing_) return;
        }
        wait(step.wait, stop);
    }
}

Step Sender::attempt(QueuedBatch& queued, const std::stop_token& stop) {
    Step step;
    do {
        step = delivery_.attempt(queued.batch);
    } while (step.outcome == Outcome::again && !stop.stop_requested());
    return step;
}

void Sender::wait(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [&] { return finishing_; });
}

}  // namespace chorus::agent
