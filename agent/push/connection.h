// A stream to the aggregator, plain or encrypted.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>

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

// All calls throw ConnectionError.
class Connection {
  public:
    virtual ~Connection() = default;
    virtual void send(std::string_view bytes) = 0;
    // Waits for bytes; 0 at the end of the stream.
    virtual std::size_t receive(char* to, std::size_t size) = 0;
};

}  // namespace chorus::agent
