// Daily partitions: made ahead, made for late batches, dropped by retention.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/clock.h"
#include "common/timestamp.h"

namespace chorus::store {

// How long data is kept; nullopt = for ever.
struct Retention {
    std::optional<std::chrono::days> system{30};
    std::optional<std::chrono::days> process{7};
    std::optional<std::chrono::days> resolved_alerts{90};
    std::optional<std::chrono::days> events{30};
    std::optional<std::chrono::days> hourly{1'095};  // of system metrics, each series by the hour
    std::optional<std::chrono::days> daily{3'650};   // the same by the day
};

// Knows which days have partitions. Thread-safe.
class Partitions {
  public:
    Partitions(Database& database, const Clock& clock, Retention retention)
        : database_(database), clock_(clock), retention_(retention) {}

    // Makes partitions from yesterday to three days ahead. To be run at the start and each hour.
    // Returns the tables that it made.
    int ensure_ahead();
    // Makes the partitions that a batch of that time needs, unless they are known to exist. False
    // if the time is older than the longest retention, or more than two days ahead. A batch that is
    // older than its own table's retention goes with the next clean-up. Runs in a transaction of
    // its own, so call it before the one that inserts.
    bool ensure_for(Timestamp time);
    // The oldest and the newest time that ensure_for accepts now. If a table is kept for ever, the
    // oldest is 400 days ago.
    Timestamp oldest_accepted() const;
    Timestamp newest_accepted() const;
    // Forgets which days exist. Called after partitions were dropped, and if an insert finds none
    // (SQLSTATE 23514) because another aggregator dropped it.
    void forget();

  private:
    Database& database_;
    const Clock& clock_;
    const Retention retention_;
    std::mutex mutex_;  // protects known_
    std::set<std::chrono::sys_days> known_;
};

}  // namespace chorus::store
