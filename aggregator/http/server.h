// The HTTP/1.1 server: a thread per connection, a bounded number of connections.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/ThreadPool.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "aggregator/http/connection.h"

namespace chorus::http {

class Server {
  public:
    // Binds at once; port 0 takes a free port. If the address cannot be bound, throws
    // std::runtime_error that names it.
    Server(const std::string& address, std::uint16_t port, Dispatcher& dispatcher,
           ServerLimits limits, MetricsRegistry& metrics);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const { return port_; }
    void start();
    // Accepts no more connections. Ends idle ones at once and the others after their answer, at the
    // latest after `grace`. May be called once.
    void stop(std::chrono::milliseconds grace);

  private:
    ConnectionHub hub_;
    Poco::Net::ServerSocket socket_;
    std::uint16_t port_;
    Poco::ThreadPool threads_;
    std::unique_ptr<Poco::Net::TCPServer> server_;
    bool running_ = false;
};

}  // namespace chorus::http
