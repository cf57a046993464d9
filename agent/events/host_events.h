// What happened on the host since the last batch, as the aggregator stores it.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "agent/events/oom_watcher.h"
#include "agent/process/lifecycle.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// The moment at which events are reported.
struct EventMoment {
    Timestamp now;
    std::chrono::nanoseconds since_boot{0};
    std::int64_t ticks_per_second = 100;
};

// "process_start" has the time at which the process started. "process_exit" has the time at which
// the process was first missing. "process_churn" counts those that are too many to report one by
// one.
void append_events(std::vector<Event>& out, const ProcessChanges& changes,
                   const EventMoment& moment);

// "oom_kill". `victim` is the process as the last scan saw it, if it saw it.
void append_event(std::vector<Event>& out, const OomKill& kill,
                  const std::optional<ProcessLife>& victim);

}  // namespace chorus::agent
