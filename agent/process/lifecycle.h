// Which processes began and ended between two scans.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chorus::agent {

// A process as it was last seen.
struct ProcessLife {
    std::int32_t pid = 0;
    std::int64_t start_ticks = 0;  // since boot
    std::string name, unit;
    std::uint64_t cpu_ticks = 0;
    std::optional<std::int64_t> rss_bytes;
};

// Processes that began or ended since the last scan. A process that lived only between two scans is
// in neither list.
struct ProcessChanges {
    std::vector<ProcessLife> started, ended;
    std::size_t more_started = 0, more_ended = 0;  // counted only
};

// Keeps at most kMostTold of each kind. Processes of a unit come first, then those that ran
// longest.
class ProcessLifecycle {
  public:
    static constexpr std::size_t kMostTold = 20;

    void started(ProcessLife&& life) { changes_.started.push_back(std::move(life)); }
    void ended(ProcessLife&& life) { changes_.ended.push_back(std::move(life)); }
    // Returns the changes and begins anew.
    ProcessChanges take();

  private:
    ProcessChanges changes_;
};

}  // namespace chorus::agent
