// Limits how often something may be asked for.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>

#include "aggregator/http/response.h"
#include "common/clock.h"

namespace chorus::api {

// Allows a number of calls in any window of a length, over all clients. Thread-safe.
class RateLimit {
  public:
    RateLimit(const Clock& clock, std::size_t calls, std::chrono::seconds window)
        : clock_(clock), calls_(calls), window_(window) {}

    // Counts a call; throws HttpError 429 with the time until the next one is allowed.
    void take() {
        const auto now = clock_.steady();
        const std::lock_guard lock(mutex_);
        while (!taken_.empty() && now - taken_.front() >= window_) taken_.pop_front();
        if (taken_.size() < calls_) {
            taken_.push_back(now);
            return;
        }
        const auto wait = std::chrono::ceil<std::chrono::seconds>(window_ - (now - taken_.front()));
        throw http::HttpError(429, "rate_limited",
                              "This may be asked for " + std::to_string(calls_) + " times in " +
                                  std::to_string(window_.count()) + " seconds",
                              static_cast<int>(wait.count()));
    }

  private:
    const Clock& clock_;
    const std::size_t calls_;
    const std::chrono::seconds window_;
    std::mutex mutex_;  // protects taken_
    std::deque<std::chrono::nanoseconds> taken_;
};

}  // namespace chorus::api
