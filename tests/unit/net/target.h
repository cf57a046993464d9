// Servers that behave badly, on loopback ports of their own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace chorus::net::test {

// Hands each connection to `serve` in a thread of its own and closes it afterwards. Without `serve`
// nothing is ever accepted.
class Target {
  public:
    explicit Target(std::function<void(int fd)> serve = {});
    ~Target();
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }

  private:
    void loop();

    std::function<void(int fd)> serve_;
    std::uint16_t port_ = 0;  // told by what opens the socket below
    int listener_ = -1;
    std::atomic<bool> ending_{false};
    std::atomic<int> connections_{0};
    std::mutex mutex_;  // protects both below
    std::vector<int> open_;
    std::vector<std::thread> workers_;
    std::thread thread_;
};

// Reads to the end of the request's head.
std::string read_request(int fd);
void send_all(int fd, std::string_view bytes);
// Until the peer or the end of the Target closes the connection.
void wait_for_close(int fd);
// A whole answer to one request.
std::function<void(int fd)> answering(std::string answer);

// A port of loopback that nobody listens on.
std::uint16_t unused_port();

// A name server for A records on loopback. Each query of a name takes the next of its addresses,
// the last one for ever; names that are not known are never answered.
class NameServer {
  public:
    explicit NameServer(std::map<std::string, std::vector<std::string>> names);
    ~NameServer();
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    std::string address() const;                 // "127.0.0.1:5353"
    int queries(const std::string& name) const;  // for A records

  private:
    void loop();

    std::map<std::string, std::vector<std::string>> names_;
    std::uint16_t port_ = 0;  // told by what opens the socket below
    int socket_ = -1;
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;  // protects queries_
    std::map<std::string, int> queries_;
    std::thread thread_;
};

}  // namespace chorus::net::test
