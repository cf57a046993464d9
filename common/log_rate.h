// How many log lines a second may be written, so that a storm fills no disk.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/timestamp.h"

namespace chorus {

// Counts lines by the second of their stamp. Not thread-safe.
class LogRate {
  public:
    static constexpr std::uint64_t kLinesPerSecond = 1'000;

    struct Verdict {
        bool admitted;
        std::uint64_t dropped_before;  // lines left out since the last verdict that told of them
    };

    // `always`: a line that must not be lost; it counts, but is never left out.
    Verdict admit(Timestamp now, bool always) {
        std::uint64_t told = 0;
        const auto second = std::chrono::floor<std::chrono::seconds>(now);
        if (second != second_) {
            second_ = second;
            lines_ = 0;
            told = dropped_;
            dropped_ = 0;
        }
        if (++lines_ <= kLinesPerSecond || always) return {true, told};
        ++dropped_;
        return {false, 0};
    }

  private:
    std::chrono::sys_seconds second_{};
    std::uint64_t lines_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace chorus
