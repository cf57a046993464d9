// How figures of processes are told.
#pragma once

#include <chrono>
#include <cmath>

namespace chorus::agent {

// What is behind the third decimal is noise that does not compress.
inline double round_figure(double value) {
    return std::round(value * 1e3) / 1e3;
}

inline double seconds_of(std::chrono::nanoseconds span) {
    return std::chrono::duration<double>(span).count();
}

}  // namespace chorus::agent
