// From the samples of a window to one figure, and from the figure to a verdict. Pure functions.
#pragma once

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
    double threshold = 0;  // the one that counts for this host
    Severity severity = Severity::info;
};

// The limit with this host's own threshold in place of the rule's; the distances to the thresholds
// for clearing and escalation stay.
Limit with_threshold(const Limit& limit, double threshold);

// `samples` in order of time, none empty, all within the window. `expected` is how many would have
// come if none was lost; 0 if that is not known. `now` is where a prediction starts from.
Reading read(std::span<const Sample> samples, double expected, const Limit& limit,
             Severity severity, Timestamp now);

}  // namespace chorus::alerts
