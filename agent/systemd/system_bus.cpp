#include "agent/systemd/system_bus.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace chorus::agent {
namespace {

// ListUnits of a host with 10,000 units takes some 3 MB.
constexpr std::size_t kMostBytes = 16U << 20U;

[[noreturn]] void fail(const std::string& what) {
    throw DBusError(what + ": " + std::generic_category().message(errno));
}

std::string hex(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

}  // namespace

SystemBus::SystemBus(const std::string& socket, std::chrono::milliseconds limit)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      deadline_(std::chrono::steady_clock::now() + limit) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!fd_) fail("socket");
    if (socket.size() >= sizeof address.sun_path) throw DBusError(socket + ": too long");
    socket.copy(address.sun_path, socket.size());
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail(socket);
    }
    authenticate();
}

void SystemBus::authenticate() {
    // As the user of this process, which the socket itself proves.
    std::string greeting(1, '\0');
    greeting += "AUTH EXTERNAL " + hex(std::to_string(::geteuid())) + "\r\n";
    send(greeting);
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        if (received_.size() > 1'024) throw DBusError("no answer to AUTH");
        receive_until(received_.size() + 1);
    }
    if (!received_.starts_with("OK ")) throw DBusError("the bus does not admit this user");
    received_.erase(0, end + 2);
    send("BEGIN\r\n");
    call({.destination = "org.freedesktop.DBus",
          .path = "/org/freedesktop/DBus",
          .interface = "org.freedesktop.DBus",
          .member = "Hello"});
}

DBusReply SystemBus::call(const DBusCall& one) {
    return std::move(call_all({one}).front());
}

std::vector<DBusReply> SystemBus::call_all(const std::vector<DBusCall>& calls) {
    const std::uint32_t first = serial_ + 1;
    std::string requests;
    for (const DBusCall& call : calls) requests += marshal_call(call, ++serial_);
    send(requests);
    std::vector<DBusReply> replies(calls.size());
    for (std::size_t missing = calls.size(); missing > 0;) {
        const auto [head, rest] = next_message();
        if (head.type != DBusHead::kReturn && head.type != DBusHead::kError) continue;  // a signal
        const auto serial = reply_serial(head, rest);
        if (!serial || *serial < first || *serial - first >= replies.size()) continue;
        replies[*serial - first] = {.is_error = head.type == DBusHead::kError,
                                    .little_endian = head.little_endian,
                                    .body = rest.substr(head.body_offset)};
        --missing;
    }
    return replies;
}

std::pair<DBusHead, std::string> SystemBus::next_message() {
    receive_until(DBusHead::kBytes);
    const DBusHead head = parse_head(received_, kMostBytes);
    const std::size_t size = DBusHead::kBytes + head.rest;
    receive_until(size);
    std::string rest = received_.substr(DBusHead::kBytes, head.rest);
    received_.erase(0, size);
    return {head, std::move(rest)};
}

void SystemBus::wait_for(short events) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{.fd = fd_.get(), .events = events, .revents = 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) {
        throw DBusError("no answer in time");
    }
}

void SystemBus::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            wait_for(POLLOUT);
        } else if (errno != EINTR) {
            fail("sending");
        }
    }
}

void SystemBus::receive_until(std::size_t size) {
    std::array<char, 16'384> piece;
    while (received_.size() < size) {
        const ssize_t n = ::recv(fd_.get(), piece.data(), piece.size(), 0);
        if (n > 0) {
            received_.append(piece.data(), static_cast<std::size_t>(n));
        } else if (n == 0) {
            throw DBusError("the bus closed the connection");
        } else if (errno == EAGAIN) {
            wait_for(POLLIN);
        } else if (errno != EINTR) {
            fail("receiving");
        }
    }
}

}  // namespace chorus::agent
