// Figures that cost the database much are read less often.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>

#include "common/clock.h"

namespace chorus::api {

// What a read came to, an answer or a failure, is given again for twenty times as long as it took,
// within the bounds below: so however many ask and however much there is, about a twentieth of the
// time of one session goes into it, and nobody waits while one read after another fails. One reads
// at a time, and who asks meanwhile gets the same. Thread-safe.
template <typename T>
class ThrottledRead {
  public:
    // Beyond it an answer is too old, even if it costs more.
    static constexpr std::chrono::seconds kLongest{60};
    // As long as a client is asked to wait before it tries again (Retry-After).
    static constexpr std::chrono::seconds kLongestFailure{5};

    explicit ThrottledRead(const Clock& clock) : clock_(clock) {}

    // `read` gives a T. What it throws passes through, rather than an older answer.
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
