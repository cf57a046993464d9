#include "aggregator/http/deadline_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace chorus::http {
namespace {

// True when the descriptor is ready for `events`, false at the deadline.
bool wait(int fd, short events, SteadyTime deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd entry{fd, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return true;  // the call that follows reports it
    }
}

bool retry(int error) {
    return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

IoResult DeadlineSocket::read_some(std::string& buffer, std::size_t most, SteadyTime deadline) {
    const std::size_t before = buffer.size();
    buffer.resize(before + most);
    for (;;) {
        // Mostly the bytes are there already: poll(2) only when they are not.
        const ssize_t n = ::recv(fd_, buffer.data() + before, most, MSG_DONTWAIT);
        if (n > 0) {
            buffer.resize(before + static_cast<std::size_t>(n));
            return IoResult::ok;
        }
        const bool again = n < 0 && retry(errno);
        if (again && wait(fd_, POLLIN, deadline)) continue;
        buffer.resize(before);
        return again ? IoResult::timeout : IoResult::closed;
    }
}

IoResult DeadlineSocket::write_all(std::string_view bytes, SteadyTime deadline) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (!retry(errno)) return IoResult::closed;
        if (!wait(fd_, POLLOUT, deadline)) return IoResult::timeout;
    }
    return IoResult::ok;
}

void DeadlineSocket::linger(std::size_t most_bytes, std::chrono::milliseconds most_time) {
    ::shutdown(fd_, SHUT_WR);
    const auto deadline = std::chrono::steady_clock::now() + most_time;
    std::string rest;
    while (most_bytes > 0) {
        rest.clear();
        if (read_some(rest, std::min<std::size_t>(most_bytes, 16'384), deadline) != IoResult::ok) {
            return;
        }
        most_bytes -= rest.size();
    }
}

void DeadlineSocket::reset_on_close() {
    const struct ::linger drop { .l_onoff = 1, .l_linger = 0 };
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
}

void DeadlineSocket::abort() {
    ::shutdown(fd_, SHUT_RDWR);
}

}  // namespace chorus::http
