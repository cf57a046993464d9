// What every source of host metrics is to the agent.
#pragma once

#include <cstddef>
#include <vector>

#include "agent/collect/metric_sink.h"

namespace chorus::agent {

// Bounds of instances a source, together below limits::kSeriesPerBatch.
inline constexpr std::size_t kMaxCores = 1'024;
inline constexpr std::size_t kMaxDisks = 128;
inline constexpr std::size_t kMaxMounts = 128;
inline constexpr std::size_t kMaxInterfaces = 256;

// Which of `count` instances are told one by one: all, or `most` of them, those for which
// `is_first(index)` holds before the others and otherwise in their order.
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

// Remembers its previous sample. Emits the same series in the same order at each call while the
// hardware stays the same; what could not be read is kNoValue.
class Collector {
  public:
    virtual ~Collector() = default;
    virtual void collect(MetricSink& out) = 0;
};

}  // namespace chorus::agent
