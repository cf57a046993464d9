// Time since boot as the kernel counts it, including suspend. Rates and starts of processes go by
// it.
#pragma once

#include <chrono>

namespace chorus::agent {

class BootClock {
  public:
    virtual ~BootClock() = default;
    virtual std::chrono::nanoseconds since_boot() const = 0;
};

// CLOCK_BOOTTIME, clock_gettime(2).
class SystemBootClock final : public BootClock {
  public:
    std::chrono::nanoseconds since_boot() const override;
};

// Stands still until it is moved.
class ManualBootClock final : public BootClock {
  public:
    explicit ManualBootClock(std::chrono::nanoseconds start) : now_(start) {}
    std::chrono::nanoseconds since_boot() const override { return now_; }
    void advance(std::chrono::nanoseconds by) { now_ += by; }

  private:
    std::chrono::nanoseconds now_;
};

}  // namespace chorus::agent
