#include "aggregator/net/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

namespace chorus::net {
namespace {

// An address that does not answer must leave time for the next one.
constexpr std::chrono::milliseconds kConnectWait{3'000};

}  // namespace

std::vector<Address> permitted(const std::vector<Address>& addresses, const AddressRules& rules) {
    std::vector<Address> good;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(good),
                 [&](const Address& address) { return rules.permits(address.get()); });
    return good;
}

void Connection::close() {
    tls_.reset();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    events_ = 0;
    state_ = State::closed;
}

Connection::State Connection::connect(std::vector<Address> addresses, Time now) {
    addresses_ = std::move(addresses);
    next_ = 0;
    error_ = ECONNREFUSED;
    tls_error_.clear();
    return connect_next(now);
}

Connection::State Connection::connect_next(Time now) {
    while (next_ < addresses_.size()) {
        close();
        const Address& address = addresses_[next_++];
        fd_ = socket(address.get().sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) {
            error_ = errno;
            continue;
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(fd_, &address.get(), address.length) == 0) return state_ = State::open;
        error_ = errno;
        if (error_ == EINPROGRESS) {
            give_up_ = next_ == addresses_.size() ? Time::max() : now + kConnectWait;
            events_ = POLLOUT;
            return state_ = State::connecting;
        }
    }
    close();
    return state_ = State::failed;
}

Connection::State Connection::ready(Time now) {
    if (state_ != State::connecting) return state_;
    socklen_t size = sizeof error_;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &size);
    return error_ == 0 ? state_ = State::open : connect_next(now);
}

Connection::State Connection::tick(Time now) {
    if (state_ != State::connecting || now < give_up_) return state_;
    error_ = ETIMEDOUT;
    return connect_next(now);
}

void Connection::start_tls(const TlsContext& context, std::string_view host) {
    tls_ = std::make_unique<TlsStream>(context, fd_, host);
}

Connection::Wait Connection::note(Wait wait) {
    if (wait == Wait::read) events_ = POLLIN;
    if (wait == Wait::write) events_ = POLLOUT;
    if (wait == Wait::failed && tls_) {
        error_ = 0;
        tls_error_ = tls_->error();
    }
    return wait;
}

Connection::Wait Connection::failed(int error) {
    error_ = error;
    return Wait::failed;
}

Connection::Wait Connection::handshake() {
    return note(tls_->handshake());
}

Connection::Wait Connection::write(std::string_view bytes, std::size_t& written) {
    events_ = POLLIN;  // for the answer, unless there is more to write
    if (tls_) return note(tls_->write(bytes, written));
    for (;;) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            written = static_cast<std::size_t>(n);
            return Wait::nothing;
        }
        if (errno == EAGAIN) return note(Wait::write);
        if (errno != EINTR) return failed(errno);
    }
}

Connection::Wait Connection::read(char* buffer, std::size_t size, std::size_t& received) {
    if (tls_) return note(tls_->read(buffer, size, received));
    for (;;) {
        const ssize_t n = ::recv(fd_, buffer, size, 0);
        if (n > 0) {
            received = static_cast<std::size_t>(n);
            return Wait::nothing;
        }
        if (n == 0) return Wait::closed;
        if (errno == EAGAIN) return note(Wait::read);
        if (errno != EINTR) return failed(errno);
    }
}

std::string Connection::own_address() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, NI_MAXHOST> text{};
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (getsockname(fd_, generic, &size) != 0 ||
        getnameinfo(generic, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
        return "127.0.0.1";
    }
    const std::string_view found = text.data();
    return std::string(found.substr(0, found.find('%')));  // without the zone
}

}  // namespace chorus::net
