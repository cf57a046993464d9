// What the figures of a process may be. The agent sends what lies outside as unknown.
#pragma once

#include <limits>

#include "common/batch/batch.h"
#include "common/json/json_checks.h"

namespace chorus::ranges {

inline constexpr json_checks::IntegerRange kPid{1, std::numeric_limits<std::int32_t>::max()};
inline constexpr json_checks::RealRange kCpuPercent{0, limits::kCpuPercent};
inline constexpr json_checks::RealRange kPercent{0, 100};
inline constexpr json_checks::RealRange kPerSecond{0, limits::kPerSecond};
inline constexpr json_checks::IntegerRange kNice{limits::kLeastNice, limits::kMostNice};
inline constexpr json_checks::IntegerRange kProcessor{0, limits::kMostProcessor};

}  // namespace chorus::ranges
