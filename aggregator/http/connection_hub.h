// Shared by all connections of a server: limits, the list of connections, memory for bodies.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <set>

#include "aggregator/http/deadline_socket.h"
#include "aggregator/http/dispatcher.h"

namespace chorus::http {

// What a client may cost. These bound every wait of a connection.
struct ServerLimits {
    std::size_t connections = 1'000;
    std::size_t body_bytes_in_flight = 256U << 20U;  // over all connections, inflated ones too
    std::chrono::milliseconds idle{15'000};          // between two requests
    std::chrono::milliseconds head{10'000};          // from the first byte of a head to its end
    std::chrono::milliseconds request{30'000};       // from the first byte to the end of the body
    std::chrono::milliseconds write{30'000};
    std::chrono::milliseconds slow_body_grace{5'000};
    std::size_t slow_body_bytes_per_second = 1'024;
};

class Connection;

// Thread-safe.
class ConnectionHub {
  public:
    ConnectionHub(Dispatcher& dispatcher, ServerLimits limits, MetricsRegistry& metrics);

    Dispatcher& dispatcher() { return dispatcher_; }
    const ServerLimits& limits() const { return limits_; }
    bool draining() const { return draining_; }

    // False if there are as many connections as the limit allows. Then answer 503 and leave.
    bool enter(Connection& connection);
    void leave(Connection& connection);

    // Takes a share of the memory for bodies. Waits for it until the deadline; false if there is
    // none.
    bool reserve_body(std::size_t bytes, SteadyTime deadline);
    void release_body(std::size_t bytes);

    // Ends idle connections now. The others end after their answer.
    void drain();
    // Waits until no connection is left. At the deadline it cuts those that remain, and waits until
    // their handlers return.
    void finish(SteadyTime deadline);

  private:
    Dispatcher& dispatcher_;
    const ServerLimits limits_;
    Gauge& open_;
    Counter& refused_;
    std::atomic<bool> draining_{false};

    std::mutex mutex_;  // protects connections_
    std::condition_variable left_;
    std::set<Connection*> connections_;

    std::mutex body_mutex_;  // protects body_bytes_
    std::condition_variable body_released_;
    std::size_t body_bytes_ = 0;
};

// Holds bytes of the hub's memory for bodies. Gives them back, however the request ends.
class BodyReservation {
  public:
    explicit BodyReservation(ConnectionHub& hub) : hub_(hub) {}
    ~BodyReservation() { shrink_to(0); }
    BodyReservation(const BodyReservation&) = delete;
    BodyReservation& operator=(const BodyReservation&) = delete;

    // False if the memory is not free before the deadline. Then nothing more is held.
    bool add(std::size_t bytes, SteadyTime deadline);
    void shrink_to(std::size_t bytes);

  private:
    ConnectionHub& hub_;
    std::size_t bytes_ = 0;
};

}  // namespace chorus::http
