// A check of services and rules on demand, beside the rounds.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "aggregator/alerts/engine.h"
#include "aggregator/health/service_monitor.h"
#include "aggregator/postgres/database.h"
#include "aggregator/tasks/leader.h"
#include "common/clock.h"

namespace chorus::tasks {

struct CheckResult {
    health::CheckSummary services;
    alerts::RoundResult rules;
};

class AlertCheck {
  public:
    AlertCheck(health::ServiceMonitor& health, alerts::Engine& engine, store::Database& database,
               const Clock& clock, Leadership leadership);
    ~AlertCheck() { stop(); }
    AlertCheck(const AlertCheck&) = delete;
    AlertCheck& operator=(const AlertCheck&) = delete;

    // Starts a check in a thread of its own, unless one is running already. Returns when the
    // running one was started.
    Timestamp request();

    // Checks all services, then evaluates the rules with the results. Any aggregator may do that.
    // If another one leads, the round is written under that one's lease, so that it cannot overlap
    // with a round of a new leader. Throws store::LeadershipLost if nobody leads,
    // store::DatabaseError.
    CheckResult run();

    // Waits for the running check.
    void stop();

  private:
    void work();

    health::ServiceMonitor& health_;
    alerts::Engine& engine_;
    store::Database& database_;
    const Clock& clock_;
    const Leadership leadership_;

    std::mutex mutex_;  // protects all below
    bool running_ = false;
    Timestamp started_{};
    std::thread thread_;
};

}  // namespace chorus::tasks
