#include "agent/orders.h"

#include <unistd.h>

#include <cmath>

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kLog{"agent"};

}  // namespace

void Orders::ask_to_collect(bool processes) {
    without_processes_ = !processes;
    ::kill(::getpid(), kCollect);
}

void Orders::ask_interval(std::optional<double> seconds) {
    const double wanted = seconds.value_or(own_interval_);
    if (!(wanted >= kLeastInterval && wanted <= kLongestInterval)) {
        kLog.warning("The aggregator asked for an interval that is not 1 s to 1 h",
                     {{"wanted_seconds", wanted}});
        return;
    }
    if (!differs(wanted)) return;
    interval_ = wanted;
    ::kill(::getpid(), kInterval);
}

bool Orders::differs(double seconds) const {
    return std::abs(interval_ - seconds) > 1e-9;
}

}  // namespace chorus::agent
