#include "agent/push/tcp_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace chorus::agent {
namespace {

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string reason(int error) {
    return std::generic_category().message(error);
}

Addresses resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int fault = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (fault != 0) throw ConnectionError(host + ": " + ::gai_strerror(fault));
    return Addresses(list);
}

int pending_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

TcpConnection::TcpConnection(const std::string& host, std::uint16_t port, const Deadline& deadline)
    : deadline_(deadline) {
    const Addresses addresses = resolve(host, port);
    int first_error = 0;
    for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
        fd_ =
            FileDescriptor(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int error = fd_ ? connect_to(*at) : errno;
        if (error == 0) return;
        if (first_error == 0) first_error = error;
    }
    throw ConnectionError(host + ": " + reason(first_error), first_error);
}

int TcpConnection::connect_to(const addrinfo& address) {
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    wait_for(POLLOUT);
    return pending_error(fd_.get());
}

void TcpConnection::wait_for(short events) {
    if (!deadline_.wait(fd_.get(), events)) throw DeadlinePassed();
}

void TcpConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        wait_for(POLLOUT);
        const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EINTR && errno != EAGAIN) {
            throw ConnectionError(reason(errno), errno);
        }
    }
}

std::size_t TcpConnection::receive(char* to, std::size_t size) {
    for (;;) {
        wait_for(POLLIN);
        const ssize_t n = ::recv(fd_.get(), to, size, 0);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR && errno != EAGAIN) throw ConnectionError(reason(errno), errno);
    }
}

}  // namespace chorus::agent
