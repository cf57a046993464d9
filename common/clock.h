// Time as the programs see it; tests put their own clock in its place.
#pragma once

#include <chrono>

#include "common/timestamp.h"

namespace chorus {

class Clock {
  public:
    virtual ~Clock() = default;
    // Wall time, for stamps; it may step.
    virtual Timestamp now() const = 0;
    // Never goes back, for intervals and deadlines.
    virtual std::chrono::nanoseconds steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    Timestamp now() const override {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    }
    std::chrono::nanoseconds steady() const override {
        return std::chrono::steady_clock::now().time_since_epoch();
    }
};

// Stands still until it is moved. Not thread-safe.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(Timestamp start) : now_(start) {}
    Timestamp now() const override { return now_; }
    std::chrono::nanoseconds steady() const override { return steady_; }
    void advance(std::chrono::microseconds by) {
        now_ += by;
        steady_ += by;
    }
    // A step of the wall clock alone, as by NTP or an operator.
    void step_wall(std::chrono::microseconds by) { now_ += by; }

  private:
    Timestamp now_;
    std::chrono::nanoseconds steady_{0};
};

}  // namespace chorus
