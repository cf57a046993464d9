#include "agent/collect/clock_collector.h"

#include <sys/timex.h>

namespace chorus::agent {

std::optional<ClockState> ask_clock_state() {
    timex now{};  // modes = 0: asks only, which needs no privilege
    if (::adjtimex(&now) < 0) return std::nullopt;
    const double per_ms = (now.status & STA_NANO) != 0 ? 1e6 : 1e3;
    return ClockState{.synchronised = (now.status & STA_UNSYNC) == 0,
                      .offset_ms = static_cast<double>(now.offset) / per_ms};
}

void ClockCollector::collect(MetricSink& out) {
    const auto state = ask_();
    double synchronised = kNoValue, offset = kNoValue;
    if (state) {
        synchronised = state->synchronised ? 1 : 0;
        offset = state->offset_ms;
    }
    out.add("system_clock_synced", "bool", synchronised);
    out.add("system_clock_offset_ms", "ms", offset);
}

}  // namespace chorus::agent
