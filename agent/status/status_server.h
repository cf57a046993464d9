// A tiny HTTP server on the loopback address: GET /metrics, /status and /health.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "agent/procfs/support/file_descriptor.h"

namespace chorus::agent {

// Serves one request after the other. Each has a connection of its own and two seconds. So a slow
// client delays only other clients of this server. Reads only the request's head.
class StatusServer {
  public:
    struct Page {
        std::string content_type;
        std::function<std::string()> make;  // called in the server's thread
    };
    using Pages = std::map<std::string, Page, std::less<>>;

    // Port 0 = any free one. Throws std::system_error.
    StatusServer(std::uint16_t port, Pages pages);

    std::uint16_t port() const { return port_; }

  private:
    void serve(const std::stop_token& stop);
    void answer(int peer) const;
    std::string reply_to(std::string_view head) const;

    Pages pages_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    std::jthread thread_;  // last: it uses what is above
};

}  // namespace chorus::agent
