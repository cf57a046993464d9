// Counts how often clients fail to log in.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "common/clock.h"

namespace chorus::http {

// Failures of each address in a window that begins with its first one. Thread-safe.
class FailureTable {
  public:
    static constexpr std::size_t kMostAddresses = 1'024;
    static constexpr int kMostFailures = 300;
    static constexpr std::chrono::seconds kWindow{60};

    explicit FailureTable(const Clock& clock) : clock_(clock) {}

    // Until when this address is refused. nullopt if it has failed less than kMostFailures times.
    // While the table is full, addresses that are not in it count as having failed too often. So a
    // client with many addresses gains nothing.
    std::optional<std::chrono::seconds> wait(const std::string& address);
    // Counts a failure.
    void add(const std::string& address);

  private:
    struct Failures {
        std::chrono::nanoseconds since{0};
        int count = 0;
    };
    // If there is no room for another address, removes those whose window has ended.
    void make_room(std::chrono::nanoseconds now);

    const Clock& clock_;
    std::mutex mutex_;                          // protects failures_
    std::map<std::string, Failures> failures_;  // by address
};

}  // namespace chorus::http
