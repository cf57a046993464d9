#include "agent/push/deadline.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll{std::numeric_limits<int>::max()};

void drain(int fd) {
    eventfd_t count = 0;
    ::eventfd_read(fd, &count);
}

}  // namespace

Deadline::Deadline() : moved_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!moved_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Deadline::set(Clock::time_point at) {
    drain(moved_.get());
    at_.store(at.time_since_epoch().count());
}

void Deadline::bring_forward(Clock::time_point at) {
    const auto wanted = at.time_since_epoch().count();
    auto current = at_.load();
    while (wanted < current) {
        if (!at_.compare_exchange_weak(current, wanted)) continue;
        ::eventfd_write(moved_.get(), 1);
        return;
    }
}

bool Deadline::wait(int fd, short events) const {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(at() - Clock::now());
        if (left.count() <= 0) return false;
        std::array<pollfd, 2> waiting{pollfd{.fd = fd, .events = events, .revents = 0},
                                      pollfd{.fd = moved_.get(), .events = POLLIN, .revents = 0}};
        const auto limit = static_cast<int>(std::min(left, kLongestPoll).count());
        if (::poll(waiting.data(), waiting.size(), limit) <= 0) continue;
        if (waiting[1].revents != 0) {
            drain(moved_.get());
        } else {
            return true;
        }
    }
}

}  // namespace chorus::agent
