#include "agent/push/sender.h"

#include <exception>
#include <optional>

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kLog{"push"};

}  // namespace

Sender::Sender(BatchQueue& queue, Delivery& delivery)
    : queue_(queue), delivery_(delivery), thread_([this](std::stop_token stop) { run(stop); }) {}

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

void Sender::run(std::stop_token stop) {
    while (auto batch = queue_.take(stop)) {
        Step step;
        try {
            step = delivery_.attempt(*batch);
        } catch (const std::exception& e) {
            // What is packed cannot be unpacked, or memory is short: this batch is lost, not all.
            kLog.error("Batch was lost", {{"seq", batch->seq}, {"error", e.what()}});
            continue;
        }
        if (step.is_final()) continue;
        queue_.put_back(std::move(*batch));
        if (step.outcome == Outcome::again) continue;
        {
            const std::lock_guard lock(mutex_);
            if (finishing_) return;
        }
        wait(step.wait, stop);
    }
}

void Sender::wait(std::chrono::milliseconds time, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [&] { return finishing_; });
}

}  // namespace chorus::agent
