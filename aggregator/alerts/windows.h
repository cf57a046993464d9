// Which samples a window takes. The rounds and the backtest ask here, so that both see the same
// samples.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "aggregator/alert_store/rule_samples.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/rules/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts {

// A window of up to ten minutes takes every sample. A longer one is cut into 30 slots, counted from
// 1970. It takes what came at the beginning of each slot, for half a minute or the host's interval.
// It ends with the last whole slot. So a window costs the same whatever its length. For sums and
// extremes that would be wrong: up to an hour they take every sample.
class WindowPlan {
  public:
    static constexpr int kSlots = 30;
    static constexpr double kLeastWidth = 30;  // seconds of a slot

    explicit WindowPlan(std::chrono::minutes window, bool whole = false)
        : table_(window <= kLongestWholeWindow ? TableKey{} : TableKey{window, whole}),
          window_(window),
          slot_(table_.whole ? window_ : window_ / kSlots) {}

    // Where its samples are.
    const TableKey& table() const { return table_; }
    bool whole() const { return table_.whole; }
    // The end of the window that is evaluated at `now`.
    Timestamp end(Timestamp now) const {
        if (whole()) return now;
        return now - (now.time_since_epoch() % slot_);
    }
    // The earliest and the latest moment of its samples. A sample at the very end of a slot belongs
    // to the next slot.
    Timestamp first(Timestamp now) const { return end(now) - window_ + (whole() ? kTick : kNone); }
    Timestamp last(Timestamp now) const { return end(now) - (whole() ? kNone : kTick); }

    // Whether it takes a sample that was received then. `interval_seconds` is that of the host.
    bool takes(Timestamp received, Timestamp now, double interval_seconds) const {
        if (received < first(now) || received > last(now)) return false;
        return whole() || (received - Timestamp{}) % slot_ < width(interval_seconds);
    }
    // Seconds that one sample stands for, the time to the next sample that is taken. That is the
    // host's interval, or the time from one slot to the end of what the next slot takes.
    double unit(double interval_seconds) const {
        if (whole() || width(interval_seconds) >= slot_) return interval_seconds;
        return std::chrono::duration<double>(slot_ + width(interval_seconds)).count();
    }
    // What must be read of hosts with that interval or a shorter one.
    std::vector<store::TimeRange> ranges(Timestamp now, double interval_seconds) const;

    // How much of each slot it takes; nullopt: it has no slots.
    std::optional<std::chrono::microseconds> taken(double interval_seconds) const {
        if (whole()) return std::nullopt;
        return width(interval_seconds);
    }

  private:
    static constexpr std::chrono::microseconds kNone{0};
    static constexpr std::chrono::microseconds kTick{1};

    std::chrono::microseconds width(double interval_seconds) const {
        const std::chrono::duration<double> interval{std::max(interval_seconds, kLeastWidth)};
        return std::min(slot_, std::chrono::duration_cast<std::chrono::microseconds>(interval));
    }

    TableKey table_;
    std::chrono::microseconds window_;
    std::chrono::microseconds slot_;
};
WindowPlan plan_of(const SystemMetricCondition& condition);
// Process tables are read anew in each round, so a longer window over them never takes all samples.
WindowPlan plan_of(const ProcessMetricCondition& condition);

// A batch that came later than this after it was made is history. It neither fires nor resolves.
std::chrono::microseconds lateness_limit(double interval_seconds);
inline bool is_late(Timestamp time, Timestamp received, std::chrono::microseconds skew,
                    double interval_seconds) {
    return received - (time + skew) > lateness_limit(interval_seconds);
}

}  // namespace chorus::alerts
