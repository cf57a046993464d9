// How figures of processes are rounded.
#pragma once

#include <chrono>
#include <cmath>

namespace chorus::agent {

// Digits behind the third decimal are noise, and noise does not compress.
inline double round_figure(double value) {
    return std::round(value * 1e3) / 1e3;
}

inline double seconds_of(std::chrono::nanoseconds span) {
    return std::chrono::duration<double>(span).count();
}

}  // namespace chorus::agent
