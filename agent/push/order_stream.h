// The stream by which the aggregator asks the agent for something: GET /api/v1/agents/stream.
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
#include "common/http_head.h"
#include "common/uuid.h"

namespace chorus::agent {

// What the aggregator may ask for; called by the stream's thread.
struct OrderHandlers {
    std::function<void(bool processes)> collect_now;
    // nullopt: as the agent is configured.
    std::function<void(std::optional<double> interval_seconds)> interval;
};

// Keeps one connection open on a thread of its own, and makes a new one after a random time when it
// ends. The agent works without it; nothing of it is an error.
class OrderStream {
  public:
    // An aggregator says something every 15 s; after this time in silence it is gone.
    static constexpr std::chrono::seconds kSilence{50};

    // `dialer` outlives the object. The thread starts at once, with the caller's signal mask.
    OrderStream(Dialer& dialer, std::string token, const Uuid& agent, OrderHandlers handlers,
                Backoff backoff);
    ~OrderStream();
    OrderStream(const OrderStream&) = delete;
    OrderStream& operator=(const OrderStream&) = delete;

  private:
    void run(const std::stop_token& stop);
    // Until the stream ends; answers how long to wait before the next one.
    std::chrono::milliseconds listen(const std::stop_token& stop);
    // The head of the answer; what came behind it goes into `rest`.
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
    std::string told_;     // of what went wrong, not to be told again
    std::jthread thread_;  // last: it uses what is above
};

}  // namespace chorus::agent
