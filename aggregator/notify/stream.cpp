#include "aggregator/notify/stream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

namespace chorus::notify {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Wait = health::TlsStream::Wait;

// An address that does not answer must leave time for the next one.
constexpr milliseconds kConnectWait{3'000};

[[noreturn]] void fail(int error) {
    if (error == ECONNREFUSED) throw StreamError("connection refused");
    if (error == ECONNRESET || error == EPIPE) throw StreamError("connection reset");
    throw StreamError(std::generic_category().message(error));
}

}  // namespace

Stream::Stream(const Network& network, const std::string& host, std::uint16_t port,
               Deadline deadline)
    : network_(network), deadline_(deadline) {
    const auto addresses = resolve(host, port);
    try {
        connect(addresses);
    } catch (...) {
        if (fd_ >= 0) ::close(fd_);
        throw;
    }
}

Stream::~Stream() {
    tls_.reset();
    if (fd_ >= 0) ::close(fd_);
}

milliseconds Stream::left() const {
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now());
    if (left.count() <= 0) throw StreamError("no complete answer in time");
    return left;
}

std::vector<health::Address> Stream::resolve(const std::string& host, std::uint16_t port) {
    struct Lookup {
        bool done = false;
        std::vector<health::Address> addresses;
        std::string error;
    } lookup;
    health::Resolver resolver;
    resolver.look_up(host, port, [&](std::vector<health::Address> found, const std::string& why) {
        lookup = {true, std::move(found), why};
    });
    while (!lookup.done) {
        auto waiting = resolver.wanted();
        const auto most = resolver.longest_wait(left());
        poll(waiting.data(), waiting.size(), static_cast<int>(most.count()));
        resolver.process(waiting);
    }
    if (lookup.addresses.empty()) throw StreamError(lookup.error);
    std::erase_if(lookup.addresses, [&](const health::Address& address) {
        return !network_.rules.permits(address.get());
    });
    if (lookup.addresses.empty()) throw StreamError("address blocked");
    return lookup.addresses;
}

void Stream::connect(const std::vector<health::Address>& addresses) {
    int error = ECONNREFUSED;
    for (const auto& address : addresses) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = socket(address.get().sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) fail(errno);
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        error = ::connect(fd_, &address.get(), address.length) == 0 ? 0 : errno;
        if (error == EINPROGRESS) {
            pollfd waiting{fd_, POLLOUT, 0};
            const auto most =
                &address == &addresses.back() ? left() : std::min(left(), kConnectWait);
            socklen_t size = sizeof error;
            error = ETIMEDOUT;
            if (poll(&waiting, 1, static_cast<int>(most.count())) > 0) {
                getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
            }
        }
        if (error == 0) return;
    }
    fail(error);
}

void Stream::wait(short events) {
    pollfd waiting{fd_, events, 0};
    while (poll(&waiting, 1, static_cast<int>(left().count())) <= 0) {
    }
}

void Stream::wait_for(Wait reason) {
    switch (reason) {
        case Wait::read:
            return wait(POLLIN);
        case Wait::write:
            return wait(POLLOUT);
        case Wait::failed:
            throw StreamError(tls_->error());
        case Wait::closed:
            throw StreamError("connection closed");
        case Wait::nothing:
            return;
    }
}

void Stream::start_tls(const std::string& host) {
    tls_ = std::make_unique<health::TlsStream>(network_.tls, fd_, host);
    for (auto result = tls_->handshake(); result != Wait::nothing; result = tls_->handshake()) {
        wait_for(result);
    }
}

void Stream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        left();
        if (tls_) {
            std::size_t written = 0;
            const auto result = tls_->write(bytes, written);
            if (result != Wait::nothing) {
                wait_for(result);
                continue;
            }
            bytes.remove_prefix(written);
            continue;
        }
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            wait(POLLOUT);
        } else if (errno != EINTR) {
            fail(errno);
        }
    }
}

std::string Stream::own_address() const {
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

std::size_t Stream::read(char* to, std::size_t size) {
    for (;;) {
        left();
        if (tls_) {
            std::size_t received = 0;
            const auto result = tls_->read(to, size, received);
            if (result == Wait::nothing) return received;
            if (result == Wait::closed) return 0;
            wait_for(result);
            continue;
        }
        const ssize_t n = ::recv(fd_, to, size, 0);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EAGAIN) {
            wait(POLLIN);
        } else if (errno != EINTR) {
            fail(errno);
        }
    }
}

}  // namespace chorus::notify
