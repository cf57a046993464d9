// Moves days that are over into their packed form.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "aggregator/postgres/database.h"

namespace chorus::store {

struct SealOptions {
    // A day is packed this long after its end, by the clock of PostgreSQL.
    std::chrono::hours after{1};
    // The share of one processor's time that packing takes, about: it rests between hosts.
    int cpu_percent = 25;
};

struct SealOutcome {
    std::size_t hosts = 0;  // packed, of any day
    std::size_t days = 0;   // moved
    std::size_t batches = 0;
    std::size_t samples = 0;
    std::size_t postponed = 0;  // days whose lock was not to be had; next run
};

class SealJob {
  public:
    // `stopping` is asked between hosts; a run that it ends goes on where it was in the next one.
    SealJob(Database& database, SealOptions options, std::function<bool()> stopping)
        : database_(database), options_(options), stopping_(std::move(stopping)) {}

    // Packs all days that are over, oldest first, a transaction for each host and day. Then moves
    // each day in one transaction. A kill at any moment leaves a day as it was or moved. Adds what
    // came late to days that have moved. Throws LeadershipLost, DatabaseError.
    SealOutcome run(std::int64_t epoch);

  private:
    void pack(std::int64_t epoch, std::int32_t host_id, std::chrono::sys_days day, bool moved);
    bool pack_day(std::int64_t epoch, std::chrono::sys_days day);
    bool pack_what_differs(std::int64_t epoch, std::chrono::sys_days day);
    void move_day(std::int64_t epoch, std::chrono::sys_days day);
    void add_late(std::int64_t epoch);
    void rest(std::chrono::steady_clock::duration worked);

    Database& database_;
    const SealOptions options_;
    const std::function<bool()> stopping_;
    SealOutcome outcome_;
};

}  // namespace chorus::store
