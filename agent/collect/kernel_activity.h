// What the scheduler counts, from the lines of /proc/stat below those of the CPUs.
#pragma once

#include <chrono>

#include "agent/collect/support/counter_rates.h"
#include "agent/collect/support/gauges.h"
#include "agent/procfs/stat.h"

namespace chorus::agent {

class KernelActivity {
  public:
    explicit KernelActivity(std::chrono::nanoseconds interval);

    void emit(std::chrono::nanoseconds at, const Stat& stat, MetricSink& out);
    // The file could not be read.
    void emit_unknown(MetricSink& out);

  private:
    CounterRates rates_;
    Gauges gauges_;
};

}  // namespace chorus::agent
