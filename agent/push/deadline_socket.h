// A TCP socket all of whose waits end at one moment.
#pragma once

#include <Poco/Net/StreamSocketImpl.h>

#include <atomic>
#include <chrono>

namespace chorus::agent {

// Poco's timeouts hold for each call anew, so a peer that sends a byte now and then could hold a
// request for ever. This socket lets every send and receive wait only up to a common deadline,
// which another thread may bring forward.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    void set(Clock::time_point at) { at_.store(at.time_since_epoch().count()); }
    // To `at`, unless it is earlier already.
    void bring_forward(Clock::time_point at);
    Clock::time_point at() const { return Clock::time_point{Clock::duration{at_.load()}}; }

  private:
    std::atomic<Clock::rep> at_{Clock::time_point::max().time_since_epoch().count()};
};

// Throws Poco::TimeoutException at the deadline.
class DeadlineSocketImpl final : public Poco::Net::StreamSocketImpl {
  public:
    // `deadline` outlives the socket.
    explicit DeadlineSocketImpl(const Deadline& deadline) : deadline_(deadline) {}

    // The timeout is the deadline; the argument is not looked at.
    void connect(const Poco::Net::SocketAddress& address, const Poco::Timespan& timeout) override;
    int sendBytes(const void* buffer, int length, int flags) override;
    int receiveBytes(void* buffer, int length, int flags) override;
    using StreamSocketImpl::connect;
    using StreamSocketImpl::receiveBytes;
    using StreamSocketImpl::sendBytes;

  private:
    void wait_for(int mode);
    const Deadline& deadline_;
};

}  // namespace chorus::agent
