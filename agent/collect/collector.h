// What every source of host metrics is to the agent.
#pragma once

#include "agent/collect/metric_sink.h"

namespace chorus::agent {

// Bounds of instances a source, together below limits::kSeriesPerBatch.
inline constexpr std::size_t kMaxCores = 1'024;
inline constexpr std::size_t kMaxDisks = 128;
inline constexpr std::size_t kMaxMounts = 128;
inline constexpr std::size_t kMaxInterfaces = 256;

// Remembers its previous sample. Emits the same series in the same order at each call while the
// hardware stays the same; what could not be read is kNoValue.
class Collector {
  public:
    virtual ~Collector() = default;
    virtual void collect(MetricSink& out) = 0;
};

}  // namespace chorus::agent
