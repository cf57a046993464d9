// The stream of the aggregator's orders: GET /api/v1/agents/stream.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "agent/push/backoff.h"
#include "agent/push/connection.h"
#include "agent/push/deadline.h"
#include "agent/push/dialer.h"
#include "common/http/http_head.h"
#include "common/uuid.h"

namespace chorus::agent {

// What the aggregator may order. The stream's thread calls these.
struct OrderHandlers {
    std::function<void(bool processes)> collect_now;
    // nullopt: as the agent is configured.
    std::function<void(std::optional<double> interval_seconds)> interval;
};

// Keeps one connection open on a thread of its own. When it ends, a new one is made after a random
// time. The agent works without the stream, so no trouble with it is an error.
class OrderStream {
  public:
    // An aggregator sends something every 15 s. If nothing comes for this time, it is gone.
    static constexpr std::chrono::seconds kSilence{50};

    // `dialer` outlives the object. The thread starts at once, with the caller's signal mask.
    OrderStream(Dialer& dialer, std::string token, const Uuid& agent, OrderHandlers handlers,
                Backoff backoff);
    ~OrderStream();
    OrderStream(const OrderStream&) = delete;
    OrderStream& operator=(const OrderStream&) = delete;

  private:
    void run(const std::stop_token& stop);
    // Runs until the stream ends. Returns how long to wait before the next one.
    std::chrono::milliseconds listen(const std::stop_token& stop);
    // Reads the head of the answer. What came behind it goes into `rest`.
    HttpHead ask(Connection& connection, std::string& rest);
    void handle(std::string_view name, std::string_view data);
    void arm(std::chrono::seconds limit);

    Dialer& dialer_;
    const std::string token_;
    const Uuid agent_;
    const OrderHandlers handlers_;
    Backoff backoff_;
    Deadline final_;       // of the whole object
    Deadline deadline_;    // of the running wait
    std::string told_;     // the trouble that was logged last, not to be logged again
    std::jthread thread_;  // last: it uses what is above
};

}  // namespace chorus::agent
