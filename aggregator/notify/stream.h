// A connection to a receiver. All its waits end at one deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aggregator/health/address_rules.h"
#include "aggregator/health/resolver.h"
#include "aggregator/health/tls.h"

namespace chorus::notify {

// What went wrong with the connection: one sentence for the log and the delivery log, without
// secrets.
class StreamError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Shared by all connections. Names are resolved for each connection, and the address is checked
// before it is used. So a name cannot lead to another address than the one that was checked.
struct Network {
    const health::AddressRules& rules;
    const health::TlsContext& tls;
};

class Stream {
  public:
    using Deadline = std::chrono::steady_clock::time_point;

    // Resolves and connects. All calls throw StreamError, also when the deadline passes.
    Stream(const Network& network, const std::string& host, std::uint16_t port, Deadline deadline);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Encrypts the connection from now on. The server's certificate must be trusted and name
    // `host`.
    void start_tls(const std::string& host);
    void write(std::string_view bytes);
    // Waits for bytes; 0 at the end.
    std::size_t read(char* to, std::size_t size);
    // This end's address, as text.
    std::string own_address() const;

  private:
    std::vector<health::Address> resolve(const std::string& host, std::uint16_t port);
    void connect(const std::vector<health::Address>& addresses);
    // Waits for events of poll(2) on the socket.
    void wait(short events);
    void wait_for(health::TlsStream::Wait wait);
    std::chrono::milliseconds left() const;

    const Network& network_;
    const Deadline deadline_;
    int fd_ = -1;
    std::unique_ptr<health::TlsStream> tls_;
};

}  // namespace chorus::notify
