// A stream to the aggregator, plain or encrypted.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chorus::agent {

// What went wrong with a connection, for the log.
class ConnectionError : public std::runtime_error {
  public:
    // `error` is the errno of a system call that failed, 0 if it was none.
    explicit ConnectionError(const std::string& what, int error = 0)
        : std::runtime_error(what), error_(error) {}
    int error() const { return error_; }

  private:
    int error_;
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
