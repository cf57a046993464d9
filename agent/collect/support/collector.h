// The interface of every source of host metrics.
#pragma once

#include <cstddef>
#include <vector>

#include "agent/collect/support/metric_sink.h"

namespace chorus::agent {

// How many instances of a source are reported. Together they stay below limits::kSeriesPerBatch.
inline constexpr std::size_t kMaxCores = 1'024;
inline constexpr std::size_t kMaxDisks = 128;
inline constexpr std::size_t kMaxMounts = 128;
inline constexpr std::size_t kMaxInterfaces = 256;

// Chooses which of `count` instances are reported one by one: all of them, or `most` of them. Those
// for which `is_first(index)` holds come first. Otherwise the order stays.
std::vector<bool> choose_told(std::size_t count, std::size_t most, const auto& is_first) {
    std::vector<bool> told(count, count <= most);
    if (count <= most) return told;
    std::size_t left = most;
    for (const bool first : {true, false}) {
        for (std::size_t i = 0; i < count && left > 0; ++i) {
            if (is_first(i) != first) continue;
            told[i] = true;
            --left;
        }
    }
    return told;
}

// A collector remembers its previous sample. While the hardware stays the same, each call emits the
// same series in the same order. A value that could not be read is kNoValue.
class Collector {
  public:
    virtual ~Collector() = default;
    virtual void collect(MetricSink& out) = 0;
};

}  // namespace chorus::agent
