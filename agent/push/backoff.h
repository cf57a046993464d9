// How long to wait before the next try.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

namespace chorus::agent {

// A random time up to 1, 2, 4 ... 60 s. It is random so that agents that lost the same aggregator
// do not come back at the same moment.
class Backoff {
  public:
    using Milliseconds = std::chrono::milliseconds;
    static constexpr Milliseconds kFirst{1'000};
    static constexpr Milliseconds kLongest{60'000};

    explicit Backoff(std::uint32_t seed) : random_(seed) {}

    Milliseconds next() {
        const Milliseconds up_to = ceiling_;
        ceiling_ = std::min(kLongest, 2 * ceiling_);
        return Milliseconds{
            std::uniform_int_distribution<Milliseconds::rep>(0, up_to.count())(random_)};
    }
    void reset() { ceiling_ = kFirst; }

  private:
    std::minstd_rand random_;
    Milliseconds ceiling_ = kFirst;
};

}  // namespace chorus::agent
