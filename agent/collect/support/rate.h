// From counters to rates.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/collect/support/metric_sink.h"

namespace chorus::agent {

// The time between two reads of one file. There is none for the first read. There is none after a
// gap of more than three intervals, as when the host was suspended: a mean over such a gap
// describes no moment.
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

// No kernel counts more than this in a second, be it bytes, packets or nanoseconds. If it seems so,
// the counter was set anew.
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
    // Keeps `now` and returns what was kept under that name in the last cycle. A second instance of
    // the same name has no last sample, because the sample there belongs to the first.
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
    // Forgets the last sample of this instance.
    void forget(std::string_view name) {
        if (const auto at = samples_.find(name); at != samples_.end()) samples_.erase(at);
    }
    // Ends a cycle. An instance that was not seen in it is forgotten. If it comes back, it starts
    // anew.
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
