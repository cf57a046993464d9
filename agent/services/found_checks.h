// Results of checks that wait for the next batch.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::agent {

// Keeps limits::kServiceChecksPerBatch at most. If there are more, the oldest result goes that has
// a newer one of the same service. So services that are checked often do not push out the results
// of those that are checked rarely.
class FoundChecks {
  public:
    using Clock = std::chrono::steady_clock;

    void add(AgentServiceCheck check, Clock::time_point at);
    // Takes all of them, oldest first, with their ages.
    std::vector<AgentServiceCheck> take(Clock::time_point now);

  private:
    struct Found {
        AgentServiceCheck check;
        Clock::time_point at;
    };

    std::deque<Found> found_;
};

}  // namespace chorus::agent
