// From counters to rates.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/collect/metric_sink.h"

namespace chorus::agent {

// The time between two reads of one file. There is none for the first read, and none after a gap
// longer than three intervals (the host was suspended, the agent starved): a mean over such a gap
// would tell of no moment at all.
class SampleGap {
  public:
    explicit SampleGap(std::chrono::nanoseconds interval) : longest_(3 * interval) {}

    // Seconds since the last call.
    std::optional<double> step(std::chrono::nanoseconds at) {
        const auto before = std::exchange(last_, at);
        if (!before || at <= *before || at - *before > longest_) return std::nullopt;
        return std::chrono::duration<double>(at - *before).count();
    }
    void forget() { last_.reset(); }

  private:
    std::chrono::nanoseconds longest_;
    std::optional<std::chrono::nanoseconds> last_;
};

// No kernel counts so much in a second, bytes, packets or nanoseconds: the counter was set anew.
inline constexpr double kMostPerSecond = 1e13;

// kNoValue without a gap, if the counter went back, or if it jumped ahead.
inline double per_second(std::uint64_t before, std::uint64_t now, std::optional<double> seconds) {
    if (!seconds || now < before) return kNoValue;
    const double rate = static_cast<double>(now - before) / *seconds;
    return rate < kMostPerSecond ? rate : kNoValue;
}

// The last sample of each instance (device, interface, core).
template <typename Sample>
class PreviousSamples {
  public:
    // Keeps `now` and answers what was kept under that name at the last cycle. A second instance of
    // a name has no last sample: that of the first is not its own.
    std::optional<Sample> exchange(std::string_view name, const Sample& now) {
        const auto at = samples_.find(name);
        if (at == samples_.end()) {
            samples_.emplace(name, Kept{now, cycle_});
            return std::nullopt;
        }
        if (at->second.cycle == cycle_) return std::nullopt;
        at->second.cycle = cycle_;
        return std::exchange(at->second.sample, now);
    }
    // The next sample of this instance has none before it.
    void forget(std::string_view name) {
        if (const auto at = samples_.find(name); at != samples_.end()) samples_.erase(at);
    }
    // Ends a cycle: an instance that was not seen in it is forgotten, so that one that comes back
    // starts anew.
    void end_cycle() {
        std::erase_if(samples_, [&](const auto& entry) { return entry.second.cycle != cycle_; });
        ++cycle_;
    }
    void forget() { samples_.clear(); }

  private:
    struct Kept {
        Sample sample;
        std::uint64_t cycle;
    };
    std::map<std::string, Kept, std::less<>> samples_;
    std::uint64_t cycle_ = 0;
};

}  // namespace chorus::agent
