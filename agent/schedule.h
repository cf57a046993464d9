// When the next cycle is due.
#pragma once

#include <chrono>

namespace chorus::agent {

// A cycle that was missed is left out, not made up for; one that was asked for in between moves
// none.
class Schedule {
  public:
    explicit Schedule(std::chrono::nanoseconds interval)
        : interval_(interval), due_(Clock::now()) {}

    std::chrono::nanoseconds until_next() {
        const auto now = Clock::now();
        if (due_ <= now) due_ += ((now - due_) / interval_ + 1) * interval_;
        return due_ - now;
    }

  private:
    using Clock = std::chrono::steady_clock;
    std::chrono::nanoseconds interval_;
    Clock::time_point due_;
};

}  // namespace chorus::agent
