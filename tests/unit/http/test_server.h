// A real server on a free loopback port with routes of every kind.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "aggregator/http/server.h"
#include "common/metrics.h"
#include "raw_client.h"

namespace chorus::http::test {

// Knows a token for each role, named after it; "away" stands for a database that is away, "lately"
// for a viewer's token that was good before it was.
class NamedTokens final : public Authenticator {
  public:
    std::optional<Principal> authenticate(std::string_view token, const std::string& client_ip,
                                          Verified verified) override;
};

// Lets a test hold a handler until it says go.
class Gate {
  public:
    void wait();
    void open();
    // Returns once `count` handlers wait here, or after ten seconds with false.
    bool reached(int count = 1);

  private:
    std::mutex mutex_;  // protects both below
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

class TestServer {
  public:
    explicit TestServer(ServerLimits limits = {}, Role anonymous = Role::viewer);
    ~TestServer();
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    std::uint16_t port() const { return server.port(); }
    RawClient connect() const { return RawClient{port()}; }
    // One request on a connection of its own.
    Answer ask(std::string_view bytes, bool head_only = false) const {
        return connect().exchange(bytes, head_only);
    }

    // Waits until the server counts this many open connections; false after ten seconds.
    bool eventually_connected(int count);
    // The same for requests that came to a handler.
    bool eventually_handled(int count);

    // Number of requests that came to a handler.
    int handled() const { return handled_; }

  private:
    Router routes();

    std::atomic<int> handled_{0};
    NamedTokens tokens_;

  public:
    Gate gate;
    MetricsRegistry metrics;
    Dispatcher dispatcher;
    Server server;
};

}  // namespace chorus::http::test
