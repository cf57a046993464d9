#include "agent/push/deadline_socket.h"

#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/SocketImpl.h>
#include <Poco/Timespan.h>
#include <sys/socket.h>

#include <algorithm>

namespace chorus::agent {
namespace {

// How soon a deadline that was brought forward is noticed.
constexpr std::chrono::milliseconds kSlice{200};

}  // namespace

void Deadline::bring_forward(Clock::time_point at) {
    const auto wanted = at.time_since_epoch().count();
    auto current = at_.load();
    while (wanted < current && !at_.compare_exchange_weak(current, wanted)) {
    }
}

void DeadlineSocketImpl::wait_for(int mode) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
            deadline_.at() - Deadline::Clock::now());
        if (left.count() <= 0) throw Poco::TimeoutException("the request's deadline passed");
        const auto slice = std::min<std::chrono::microseconds>(left, kSlice);
        if (poll(Poco::Timespan(slice.count()), mode)) return;
    }
}

void DeadlineSocketImpl::connect(const Poco::Net::SocketAddress& address, const Poco::Timespan&) {
    connectNB(address);
    wait_for(SELECT_WRITE | SELECT_ERROR);
    if (const int fault = socketError(); fault != 0) error(fault, address.toString());
    setBlocking(true);
}

int DeadlineSocketImpl::sendBytes(const void* buffer, int length, int flags) {
    const char* from = static_cast<const char*>(buffer);
    int sent = 0;
    while (sent < length) {
        wait_for(SELECT_WRITE);
        // Without MSG_DONTWAIT the kernel would wait until all of it is taken.
        const int n = SocketImpl::sendBytes(from + sent, length - sent, flags | MSG_DONTWAIT);
        if (n > 0) sent += n;
    }
    return sent;
}

int DeadlineSocketImpl::receiveBytes(void* buffer, int length, int flags) {
    wait_for(SELECT_READ);
    return SocketImpl::receiveBytes(buffer, length, flags);
}

}  // namespace chorus::agent
