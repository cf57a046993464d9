// Figures that cost the database much are read less often.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "common/clock.h"

namespace chorus::api {

// What was read is given again for twenty times as long as the reading took, so that however many
// ask and however much there is, a twentieth of the time of one session goes into it. One reads at
// a time, and who asks meanwhile gets the same. Thread-safe.
template <typename T>
class PacedRead {
  public:
    explicit PacedRead(const Clock& clock) : clock_(clock) {}

    // `read` gives a T. What it throws passes through, and the next call reads again.
    template <typename Read>
    std::shared_ptr<const T> get(const Read& read) {
        const std::lock_guard lock(mutex_);
        const auto start = clock_.steady();
        if (last_ && start < next_) return last_;
        last_.reset();
        last_ = std::make_shared<const T>(read());
        const auto end = clock_.steady();
        next_ = end + 20 * (end - start);
        return last_;
    }

  private:
    const Clock& clock_;
    std::mutex mutex_;  // protects the two below
    std::shared_ptr<const T> last_;
    std::chrono::nanoseconds next_{0};
};

}  // namespace chorus::api
