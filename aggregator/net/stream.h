// A connection whose calls wait. All their waits end at one deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aggregator/net/address_rules.h"
#include "aggregator/net/connection.h"
#include "aggregator/net/tls.h"

namespace chorus::net {

// What went wrong with the connection: one sentence for the log and the delivery log, without
// secrets.
class StreamError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Shared by all connections. Names are resolved for each connection, and the address is checked
// before it is used. So a name cannot lead to another address than the one that was checked.
struct Network {
    const AddressRules& rules;
    const TlsContext& tls;
};

class Stream {
  public:
    using Deadline = std::chrono::steady_clock::time_point;

    // Resolves and connects. All calls throw StreamError, also when the deadline passes.
    Stream(const Network& network, const std::string& host, std::uint16_t port, Deadline deadline);

    // Encrypts the connection from now on. The server's certificate must be trusted and name
    // `host`.
    void start_tls(const std::string& host);
    void write(std::string_view bytes);
    // Waits for bytes; 0 at the end.
    std::size_t read(char* to, std::size_t size);
    // This end's address, as text.
    std::string own_address() const { return connection_.own_address(); }

  private:
    std::vector<Address> resolve(Resolver& resolver, const std::string& host, std::uint16_t port);
    // Throws if the deadline has passed.
    void check_time() const;
    // Waits for what the connection waits for. Throws if it has failed or was closed.
    void wait_for(Connection::Wait reason);
    [[noreturn]] void fail() const;

    const Network& network_;
    const Deadline deadline_;
    Connection connection_;
};

}  // namespace chorus::net
