// What a rule would have done. The same code judges as in a round, over stored history.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/rules/rule.h"
#include "common/clock.h"
#include "common/timestamp.h"

namespace chorus::alerts {

struct BacktestOptions {
    Timestamp from;
    Timestamp to;
    std::chrono::microseconds step{std::chrono::minutes{1}};  // between two evaluations
    std::size_t most_firings = 1'000;                         // further ones are only counted
    std::chrono::milliseconds deadline{5'000};
};

struct Firing {
    std::optional<std::string> hostname;
    std::string source;
    std::string title;
    std::string description;
    Severity severity = Severity::info;  // the worst it had
    double value = 0;                    // when it fired
    double threshold = 0;
    Timestamp fired_at;
    std::optional<Timestamp> resolved_at;  // not within the time
};

struct Backtest {
    std::vector<Firing> firings;  // in order of time
    std::size_t total = 0;
    std::size_t evaluations = 0;  // moments
    std::size_t hosts = 0;        // or services that the rule looks at
};

// There is too much history to judge within the deadline.
class BacktestTooLong : public std::runtime_error {
  public:
    BacktestTooLong() : std::runtime_error("too much history for one call") {}
};

// Begins at `from` without any state. Takes one host or service after the other, so that it needs
// the memory of one. Throws BacktestTooLong, DatabaseError.
Backtest backtest(store::Session& session, const Rule& rule, const BacktestOptions& options,
                  const Clock& clock);

}  // namespace chorus::alerts
