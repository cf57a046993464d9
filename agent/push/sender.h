// The thread that empties the queue.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "agent/push/delivery.h"
#include "agent/push/send_queue.h"

namespace chorus::agent {

class Sender {
  public:
    // Both outlive the sender. The thread starts at once, with the caller's signal mask. `pace` is
    // the least time between two batches of the backlog. It is there because an aggregator that
    // comes back after an outage gets the backlogs of all agents.
    Sender(SendQueue& queue, Delivery& delivery, std::chrono::milliseconds pace);
    // Stops after the running request.
    ~Sender();

    // Sends what waits. Stops at the first failure, or when nothing is left. Closes the queue. The
    // caller limits how long a request may take (IngestClient::bring_forward).
    void finish();

  private:
    void run(const std::stop_token& stop);
    // Tries one batch as often as makes sense at once.
    Step attempt(QueuedBatch& queued, const std::stop_token& stop);
    // Returns early when finish() is called or `stop` is requested.
    void wait(std::chrono::milliseconds time, const std::stop_token& stop);

    SendQueue& queue_;
    Delivery& delivery_;
    std::chrono::milliseconds pace_;
    std::mutex mutex_;  // protects finishing_
    std::condition_variable_any wake_;
    bool finishing_ = false;
    std::jthread thread_;  // last: it uses what is above
};

}  // namespace chorus::agent
