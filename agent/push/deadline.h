// One moment at which all waits of a request end.
#pragma once

#include <atomic>
#include <chrono>

#include "agent/procfs/support/file_descriptor.h"

namespace chorus::agent {

// With a timeout for each call, a peer that sends a byte now and then could hold a request for
// ever. Another thread may make the deadline earlier, and wakes the wait at once.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    // Throws std::system_error if the process has no file descriptor left.
    Deadline();

    // By the thread that waits.
    void set(Clock::time_point at);
    // Moves it to `at`, unless it is earlier already. By any thread.
    void bring_forward(Clock::time_point at);
    Clock::time_point at() const { return Clock::time_point{Clock::duration{at_.load()}}; }

    // Waits until poll(2) finds one of `events` at `fd`; false if the deadline passed before. For
    // one thread at a time.
    bool wait(int fd, short events) const;

  private:
    std::atomic<Clock::rep> at_{Clock::time_point::max().time_since_epoch().count()};
    FileDescriptor moved_;  // an eventfd(2): the deadline was brought forward
};

}  // namespace chorus::agent
