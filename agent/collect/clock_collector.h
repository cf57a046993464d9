// Whether the host's clock is synchronised, from adjtimex(2).
#pragma once

#include <functional>
#include <optional>

#include "agent/collect/support/collector.h"

namespace chorus::agent {

struct ClockState {
    bool synchronised = false;
    double offset_ms = 0;  // what the kernel still has to correct
};

// nullopt if the kernel cannot be asked.
std::optional<ClockState> ask_clock_state();

class ClockCollector final : public Collector {
  public:
    using Ask = std::function<std::optional<ClockState>()>;

    explicit ClockCollector(Ask ask = ask_clock_state) : ask_(std::move(ask)) {}
    void collect(MetricSink& out) override;

  private:
    Ask ask_;
};

}  // namespace chorus::agent
