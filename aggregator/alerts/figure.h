// From the samples of a window to one figure, and from the figure to a verdict. Pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "aggregator/alerts/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts {

struct Sample {
    Timestamp at;  // when the aggregator received it
    double value;
};

// What a rule sees of one subject now.
struct Reading {
    enum class Verdict {
        no_data,  // nothing can be said: neither fires nor resolves
        clear,
        lingers,  // below the threshold, but not yet on the good side of clear_threshold
        breached,
    };
    Verdict verdict = Verdict::no_data;
    double value = 0;
    double threshold = 0;                // the one that counts for this host
    Severity severity = Severity::info;  // of the level that the value has reached
    // The more severe level that the value has left, but not by so much that an alert that is there
    // would fall back: critical_threshold has the distance for clearing of threshold.
    std::optional<Severity> keeps{};
};

// The limit with this host's own threshold in place of the rule's; the distances to the thresholds
// for clearing and escalation stay.
Limit with_threshold(const Limit& limit, double threshold);

// Share of the window that ends at `now` for which there are samples, 0 to 1: a sample stands for
// the time until the next one, but for no more than `unit_seconds` (see WindowPlan::unit()), or
// half a minute where that is longer, as the host's interval may just have been shortened.
double coverage(std::span<const Sample> samples, std::chrono::minutes window, double unit_seconds,
                Timestamp now);

// `samples` in order of time, none empty, all within the window. `unit_seconds` is what one of them
// stands for; 0 if that is not known. `now` is the end of the window, where a prediction starts.
// `told` are the moments by which coverage is judged, if some of them had no value.
Reading read(std::span<const Sample> samples, double unit_seconds, const Limit& limit,
             Severity severity, Timestamp now, std::span<const Sample> told = {});

}  // namespace chorus::alerts
