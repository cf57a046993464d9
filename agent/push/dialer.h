// Opens connections to the aggregator, plain or encrypted.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "agent/push/connection.h"
#include "agent/push/deadline.h"

namespace chorus::agent {

struct Endpoint {
    std::string host;
    std::uint16_t port = 8082;
    std::string base_path;  // what stands before /api/v1, without a slash at its end
    bool tls = false;
    std::string ca_file{};  // trusted in place of the system's CAs; empty = those
};

class TlsContext;

// Thread-safe. The trusted certificates are read once and shared, because they are a large part of
// the agent's memory.
class Dialer {
  public:
    explicit Dialer(Endpoint endpoint);
    ~Dialer();
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    // Throws ConnectionError. `deadline` outlives the connection.
    std::unique_ptr<Connection> connect(const Deadline& deadline);

    // The first lines of a request: "METHOD base_path PATH VERSION", Host, Authorization and
    // User-Agent.
    std::string request_head(std::string_view method, std::string_view path,
                             std::string_view version, const std::string& token) const;

  private:
    const Endpoint endpoint_;
    std::mutex mutex_;  // protects tls_
    std::unique_ptr<TlsContext> tls_;
};

}  // namespace chorus::agent
