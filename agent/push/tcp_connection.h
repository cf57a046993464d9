// A TCP connection. All its waits end at one deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/push/connection.h"
#include "agent/push/deadline.h"

struct addrinfo;

namespace chorus::agent {

class TcpConnection final : public Connection {
  public:
    // Connects to the first of the host's addresses that accepts. `deadline` outlives the object;
    // resolving the name has the resolver's own limits. All calls throw ConnectionError. If no
    // address accepts, the error is that of the first one, because the resolver puts addresses that
    // this host cannot reach last.
    TcpConnection(const std::string& host, std::uint16_t port, const Deadline& deadline);

    void send(std::string_view bytes) override;
    std::size_t receive(char* to, std::size_t size) override;

    int fd() const { return fd_.get(); }
    // For POLLIN or POLLOUT of poll(2).
    void wait_for(short events);

  private:
    int connect_to(const addrinfo& address);  // an error number, 0 = connected

    FileDescriptor fd_;
    const Deadline& deadline_;
};

}  // namespace chorus::agent
