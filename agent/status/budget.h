// Keeps the agent small on a very large host.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace chorus::agent {

// What a cycle cost.
struct CycleCost {
    std::optional<std::uint64_t> rss_bytes;  // after it
    std::chrono::nanoseconds took{0};
};

// Judges each cycle. If the agent is above its limits for kPatience cycles in a row, it does less.
// If its memory is still above them kPatience cycles later, it begins anew, at most once in
// kRestartGap. A restart gives back only the memory that is scattered over the heap.
class Budget {
  public:
    enum class Verdict { keep_on, do_less, begin_anew };
    static constexpr int kPatience = 5;
    static constexpr std::chrono::hours kRestartGap{1};
    // Share of the interval that one collection may take.
    static constexpr double kMostTime = 0.2;

    Budget(std::uint64_t most_rss_bytes, std::chrono::nanoseconds interval)
        : most_rss_bytes_(most_rss_bytes), interval_(interval) {}

    // `now` of a steady clock.
    Verdict judge(const CycleCost& cost, std::chrono::nanoseconds now);

  private:
    std::uint64_t most_rss_bytes_;
    std::chrono::nanoseconds interval_;
    int large_ = 0, slow_ = 0;  // cycles in a row
    bool does_less_ = false;
    std::optional<std::chrono::nanoseconds> first_;
};

// Resident memory of this process: /proc/self/statm.
std::optional<std::uint64_t> own_rss_bytes();

}  // namespace chorus::agent
