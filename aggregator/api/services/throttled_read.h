// Reads figures less often if they cost the database much.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>

#include "common/clock.h"

namespace chorus::api {

// The result of a read, an answer or a failure, is given again for twenty times as long as the read
// took, within the bounds below. So it takes about a twentieth of the time of one session, however
// many ask. If reads fail, callers do not wait for one failure after the other. One caller reads at
// a time; others who ask meanwhile get the same result. Thread-safe.
template <typename T>
class ThrottledRead {
  public:
    // Longest time for which an answer is given again, whatever it costs.
    static constexpr std::chrono::seconds kLongest{60};
    // The same for a failure: as long as Retry-After tells clients to wait.
    static constexpr std::chrono::seconds kLongestFailure{5};

    explicit ThrottledRead(const Clock& clock) : clock_(clock) {}

    // `read` returns a T. What it throws is passed on; no older answer takes its place.
    template <typename Read>
    std::shared_ptr<const T> get(const Read& read) {
        const std::lock_guard lock(mutex_);
        const auto start = clock_.steady();
        if (start >= next_) {
            std::chrono::nanoseconds longest = kLongest;
            try {
                last_ = std::make_shared<const T>(read());
                failure_ = nullptr;
            } catch (...) {
                last_.reset();
                failure_ = std::current_exception();
                longest = kLongestFailure;
            }
            const auto end = clock_.steady();
            next_ = end + std::min(20 * (end - start), longest);
        }
        if (failure_) std::rethrow_exception(failure_);
        return last_;
    }

  private:
    const Clock& clock_;
    std::mutex mutex_;  // protects those below
    std::shared_ptr<const T> last_;
    std::exception_ptr failure_;  // instead of it
    std::chrono::nanoseconds next_{0};
};

}  // namespace chorus::api
