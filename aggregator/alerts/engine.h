// One round of evaluation: load, plan, and write. States, alerts and the time of the round are
// written in one transaction under the leader's lease.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "aggregator/alerts/loader.h"
#include "aggregator/alerts/round_writer.h"
#include "aggregator/postgres/database.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::alerts {

struct EngineOptions {
    std::chrono::seconds period{60};  // between two rounds
    std::size_t most_open_alerts = 10'000;
    double max_response_time_ms = 5000;  // of service rules that give none
};

struct RoundResult {
    Timestamp evaluated_at{};
    std::size_t rules = 0;     // evaluated
    std::size_t subjects = 0;  // of all these
    std::size_t resolved = 0;  // alerts
    std::vector<CreatedAlert> created;
};

class Engine {
  public:
    // `database`, `clock` and `metrics` outlive the engine.
    Engine(store::Database& database, const Clock& clock, EngineOptions options,
           MetricsRegistry& metrics);

    // `epoch` is the leader's. Throws store::LeadershipLost, and what the database throws; then
    // nothing is changed. Any thread may call it. One round runs at a time; other callers wait. If
    // somebody else has evaluated since the call, nothing is done, and all counts are 0.
    RoundResult round(std::int64_t epoch);
    std::chrono::seconds period() const { return options_.period; }

  private:
    void count(const RoundResult& result);

    store::Database& database_;
    const Clock& clock_;
    const EngineOptions options_;
    Counter& rounds_;
    Counter& created_;
    Gauge& rules_;
    Gauge& subjects_;
    std::mutex mutex_;  // held for a round
    Loader loader_;
};

}  // namespace chorus::alerts
