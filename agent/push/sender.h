// The thread that empties the queue.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "agent/push/batch_queue.h"
#include "agent/push/delivery.h"

namespace chorus::agent {

class Sender {
  public:
    // Both outlive the sender. The thread starts at once, with the caller's signal mask.
    Sender(BatchQueue& queue, Delivery& delivery);
    // Stops after the running request.
    ~Sender();

    // Sends what is queued and stops at the first failure, or when the queue is empty. Closes the
    // queue. How long a request may take is the caller's to limit (IngestClient::bring_forward).
    void finish();

  private:
    void run(std::stop_token stop);
    // Answers early when finish() is called or `stop` requested.
    void wait(std::chrono::milliseconds time, std::stop_token stop);

    BatchQueue& queue_;
    Delivery& delivery_;
    std::mutex mutex_;  // protects finishing_
    std::condition_variable_any wake_;
    bool finishing_ = false;
    std::jthread thread_;  // last: it uses what is above
};

}  // namespace chorus::agent
