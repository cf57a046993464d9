// A TCP connection that never blocks, with or without TLS.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/net/address_rules.h"
#include "aggregator/net/resolver.h"
#include "aggregator/net/tls.h"

namespace chorus::net {

// The addresses that a connection may be made to. A name is looked up once, and what was judged is
// what is connected to.
std::vector<Address> permitted(const std::vector<Address>& addresses, const AddressRules& rules);

// Its owner polls descriptor() for events() and calls ready(). It calls tick() when wake() has
// come.
class Connection {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Wait = TlsStream::Wait;
    enum class State { closed, connecting, open, failed };

    Connection() = default;
    ~Connection() { close(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Connects to the first address that answers. One that does not answer for 3 s leaves the rest
    // of the time to the next one; the last has no such bound.
    State connect(std::vector<Address> addresses, Time now);
    // While it is connecting.
    State ready(Time now);
    State tick(Time now);
    Time wake() const { return state_ == State::connecting ? give_up_ : Time::max(); }
    void close();

    // The server's certificate must be trusted and have `host` (a name or address).
    void start_tls(const TlsContext& context, std::string_view host);
    // All three: `nothing` means done; `read` and `write` are what to wait for, and events() says
    // so too; `failed`: see error() and tls_error().
    Wait handshake();
    Wait write(std::string_view bytes, std::size_t& written);
    Wait read(char* buffer, std::size_t size, std::size_t& received);

    int descriptor() const { return fd_; }  // -1: nothing to poll
    short events() const { return events_; }
    bool encrypted() const { return tls_ != nullptr; }
    int error() const { return error_; }  // errno of what failed, 0 if TLS did
    const std::string& tls_error() const { return tls_error_; }  // for people; empty if TLS did not
    // See TlsStream.
    std::optional<Timestamp> certificate_expires() const {
        return tls_ ? tls_->certificate_expires() : std::nullopt;
    }
    // This end's address, as text.
    std::string own_address() const;

  private:
    State connect_next(Time now);
    Wait note(Wait wait);
    Wait failed(int error);

    State state_ = State::closed;
    std::vector<Address> addresses_;
    std::size_t next_ = 0;
    Time give_up_{};  // on the address that is tried
    int fd_ = -1;
    short events_ = 0;
    int error_ = 0;
    std::unique_ptr<TlsStream> tls_;
    std::string tls_error_;
};

}  // namespace chorus::net
