// Turns the samples of a window into one value, and the value into a verdict. Pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "aggregator/rules/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts {

inline double seconds_between(Timestamp from, Timestamp to) {
    return std::chrono::duration<double>(to - from).count();
}

struct Sample {
    Timestamp at;  // when the aggregator received it
    double value;
};

// What a rule knows about one subject now.
struct Reading {
    enum class Verdict {
        no_data,  // nothing is known: neither fires nor resolves
        clear,
        hysteresis,  // below the threshold, but not yet on the good side of clear_threshold
        breached,
    };
    Verdict verdict = Verdict::no_data;
    double value = 0;
    double threshold = 0;                // the one that counts for this host
    Severity severity = Severity::info;  // of the level that the value has reached
    // The more severe level, if the value has left it only by a little: an open alert keeps it. The
    // distance is that of clear_threshold from threshold.
    std::optional<Severity> keeps{};
};

// The limit with this host's own threshold in place of the rule's. The distances to the thresholds
// for clearing and escalation stay.
Limit with_threshold(const Limit& limit, double threshold);

// Share of the window that ends at `now` for which there are samples, 0 to 1. A sample stands for
// the time until the next one, but at most for `unit_seconds` (see WindowPlan::unit()) or half a
// minute, whichever is longer. Half a minute, because the host's interval may just have become
// shorter.
double coverage(std::span<const Sample> samples, std::chrono::minutes window, double unit_seconds,
                Timestamp now);

// `samples` are in order of time, not empty, and within the window. One sample stands for
// `unit_seconds`; 0 if that is unknown. `now` is the end of the window, where a prediction starts.
// `told` has the moments by which coverage is judged, if some of them had no value.
Reading read(std::span<const Sample> samples, double unit_seconds, const Limit& limit,
             Severity severity, Timestamp now, std::span<const Sample> told = {});

}  // namespace chorus::alerts
