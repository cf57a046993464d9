// One client connection: reads requests one after the other, each within its limits and deadlines.
#pragma once

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/TCPServerConnection.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "aggregator/http/deadline_socket.h"
#include "aggregator/http/dispatcher.h"

namespace chorus::http {

// What a client may cost. Every wait of a connection is bounded by these.
struct ServerLimits {
    std::size_t connections = 1'000;
    std::size_t body_bytes_in_flight = 256U << 20U;  // over all connections
    std::chrono::milliseconds idle{15'000};          // between two requests
    std::chrono::milliseconds head{10'000};          // from the first byte of a head to its end
    std::chrono::milliseconds request{30'000};       // from the first byte to the end of the body
    std::chrono::milliseconds write{30'000};
    std::chrono::milliseconds slow_body_grace{5'000};
    std::size_t slow_body_bytes_per_second = 1'024;
};

class Connection;

// What all connections of a server share. Thread-safe.
class ConnectionHub {
  public:
    ConnectionHub(Dispatcher& dispatcher, ServerLimits limits, MetricsRegistry& metrics);

    Dispatcher& dispatcher() { return dispatcher_; }
    const ServerLimits& limits() const { return limits_; }
    bool draining() const { return draining_; }

    // False when there are as many connections as the limit allows; then answer 503 and leave.
    bool enter(Connection& connection);
    void leave(Connection& connection);
    // A share of the memory for bodies; false when it is used up.
    bool reserve_body(std::size_t bytes);
    void release_body(std::size_t bytes) { body_bytes_ -= bytes; }

    // Ends idle connections now and lets the others end after their answer.
    void drain();
    // Waits until no connection is left, then cuts those that remain at the deadline.
    void finish(SteadyTime deadline);

  private:
    Dispatcher& dispatcher_;
    const ServerLimits limits_;
    Gauge& open_;
    Counter& refused_;
    std::atomic<bool> draining_{false};
    std::atomic<std::size_t> body_bytes_{0};
    std::mutex mutex_;  // protects connections_
    std::condition_variable left_;
    std::set<Connection*> connections_;
};

class Connection final : public Poco::Net::TCPServerConnection {
  public:
    Connection(const Poco::Net::StreamSocket& socket, ConnectionHub& hub);
    void run() override;

    // From other threads, through the hub.
    bool idle() const { return idle_; }
    void abort() { io_.abort(); }

  private:
    // Answers whether the connection may go on.
    bool serve_one();
    bool read_head(Head& head);
    bool read_body(Head& head);
    bool answer(const Request& request, const Route* route, SteadyTime started, Response response,
                bool keep_alive, bool head_only, bool http_1_0);
    bool refuse(const Head& head, const HeadError& error);

    ConnectionHub& hub_;
    DeadlineSocket io_;
    std::string client_ip_;
    std::string buffer_;  // bytes read and not yet used
    std::atomic<bool> idle_{true};
};

}  // namespace chorus::http
