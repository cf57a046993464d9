// A TCP connection all of whose waits end at one deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "agent/procfs/file_descriptor.h"
#include "agent/push/deadline.h"

namespace chorus::agent {

// What went wrong on the way, for the log.
class ConnectionError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
class DeadlinePassed : public ConnectionError {
  public:
    DeadlinePassed() : ConnectionError("no complete answer in time") {}
};

class TcpConnection {
  public:
    // Connects to the first of the host's addresses that takes it. `deadline` outlives the object;
    // resolving the name has the resolver's own limits. All calls throw ConnectionError.
    TcpConnection(const std::string& host, std::uint16_t port, const Deadline& deadline);

    void send(std::string_view bytes);
    // Waits for bytes; 0 at the end of the stream.
    std::size_t receive(char* to, std::size_t size);

  private:
    void wait_for(short events);

    FileDescriptor fd_;
    const Deadline& deadline_;
};

}  // namespace chorus::agent
