// One moment at which all waits of a request end.
#pragma once

#include <atomic>
#include <chrono>

namespace chorus::agent {

// With a timeout for each call, a peer that sends a byte now and then could hold a request for
// ever. Another thread may make the deadline earlier.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    void set(Clock::time_point at) { at_.store(at.time_since_epoch().count()); }
    // Moves it to `at`, unless it is earlier already.
    void bring_forward(Clock::time_point at) {
        const auto wanted = at.time_since_epoch().count();
        auto current = at_.load();
        while (wanted < current && !at_.compare_exchange_weak(current, wanted)) {
        }
    }
    Clock::time_point at() const { return Clock::time_point{Clock::duration{at_.load()}}; }

  private:
    std::atomic<Clock::rep> at_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace chorus::agent
