// How many new series hosts may bring. A fleet brings all its series once, and a few when disks,
// interfaces or containers come. An agent whose labels change with each batch would fill the
// database and make each round of the alert rules longer for everybody.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace chorus::store {

// Each host has a budget that refills with time. Not thread-safe.
class SeriesBudget {
  public:
    static constexpr double kAtOnce = 250'000;
    static constexpr double kPerHour = 1'000'000;

    explicit SeriesBudget(double at_once = kAtOnce, double per_hour = kPerHour)
        : at_once_(at_once), per_second_(per_hour / 3600) {}

    // Whether the host may bring so many series at that moment of a steady clock. If so, they
    // count.
    bool take(std::int32_t host_id, std::size_t series, std::chrono::nanoseconds now);
    // Gives series back that were not stored after all.
    void give_back(std::int32_t host_id, std::size_t series);

  private:
    struct Level {
        double left;
        std::chrono::nanoseconds at;
    };
    static constexpr std::size_t kMostLevels = 10'000;

    void forget_full(std::chrono::nanoseconds now);

    const double at_once_, per_second_;
    std::unordered_map<std::int32_t, Level> levels_;
};

}  // namespace chorus::store
