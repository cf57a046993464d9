#include "agent/collect/support/throttled_collector.h"

namespace chorus::agent {

void ThrottledCollector::collect(MetricSink& out) {
    // Half a second early is in time: two cycles are never exactly one interval apart.
    constexpr std::chrono::milliseconds slack{500};
    const auto now = clock_.since_boot();
    if (!asked_ || now - *asked_ >= period_ - slack) {
        asked_ = now;
        MetricSink sink(layout_, values_);
        slow_->collect(sink);
        sink.finish();
        relabelled_ = sink.relabelled();
    }
    out.add_all(layout_, values_, relabelled_);
}

}  // namespace chorus::agent
