// Moves days that are over into their packed form: those of metrics, or of process tables.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/database.h"
#include "aggregator/schema/stalled_sessions.h"
#include "aggregator/sealed/day_tier.h"
#include "aggregator/sealed/host_day.h"

namespace chorus::store {

struct SealOptions {
    // A day moves this long after its end, by this program's clock and PostgreSQL's. After more
    // than a day, whoever reads the newest 24 hours finds them all in system_batches.
    std::chrono::hours after{25};
    // The share of one processor's time that packing takes, about: it rests between hosts.
    int cpu_percent = 25;
    // Whoever keeps a day from moving and stands still for so long loses its session.
    std::chrono::seconds stalled_after = kStalledAfter;
};

struct SealOutcome {
    std::size_t hosts = 0;  // packed, of any day
    std::size_t days = 0;   // moved
    std::size_t batches = 0;
    std::size_t samples = 0;
    std::size_t postponed = 0;  // days whose lock was not to be had, or that did not hold still
    std::size_t failed = 0;     // hosts and days with an error, which is in the log; next run
};

// What this program is at, for people; and what it has done since its start.
struct SealProgress {
    std::optional<std::chrono::sys_days> day;  // that is being packed; of late batches, too
    std::size_t hosts_done = 0;
    std::size_t hosts_total = 0;
    std::string last_error;  // of the newest run; empty if all went well

    std::uint64_t days_moved = 0;
    std::uint64_t batches_packed = 0;
    std::uint64_t samples_packed = 0;
    double seconds = 0;  // without rests
};

class SealJob {
  public:
    // `stopping` is asked between hosts and while the job rests. A run that it ends goes on where
    // it was in the next one.
    SealJob(Database& database, SealOptions options, std::function<bool()> stopping,
            const DayTier& tier = metric_days())
        : database_(database), tier_(tier), options_(options), stopping_(std::move(stopping)) {}

    // Packs all days that are over, oldest first, a transaction for each host and day. Then moves
    // each day in one transaction. A kill at any moment leaves a day as it was or moved. Adds what
    // came late to days that have moved, each host and day once, and makes the history of days that
    // an older version has packed. An error of one host or day does not keep others from being
    // packed. Does nothing while an older aggregator is connected, which might not find what is
    // packed. Throws LeadershipLost, DatabaseUnavailable.
    SealOutcome run(std::int64_t epoch);

    // Thread-safe.
    SealProgress progress() const;
    const SealOptions& options() const { return options_; }
    const DayTier& tier() const { return tier_; }

  private:
    using Work = std::function<void()>;
    // Notes where the run is; without a day it is at its end.
    void note(std::optional<std::chrono::sys_days> day, std::size_t done, std::size_t total);
    void run_days(std::int64_t epoch);
    bool waits_for_upgrade();
    void guard(std::string_view what, std::chrono::sys_days day, const Work& work);
    void fail(std::string_view what, const std::string& day, const std::string& why);
    // Does one piece of work, counts its time, and rests.
    void work(std::string_view what, std::chrono::sys_days day, const Work& piece);
    void pack(std::int64_t epoch, std::int32_t host_id, std::chrono::sys_days day, Hot hot);
    bool pack_hosts(std::int64_t epoch, const std::vector<std::int32_t>& hosts,
                    std::chrono::sys_days day);
    bool pack_day(std::int64_t epoch, std::chrono::sys_days day);
    void move(std::int64_t epoch, std::chrono::sys_days day);
    void add_late(std::int64_t epoch);
    void fill_pending(std::int64_t epoch);
    bool pause(std::chrono::steady_clock::duration time);

    Database& database_;
    const DayTier& tier_;
    const SealOptions options_;
    const std::function<bool()> stopping_;
    SealOutcome outcome_;
    mutable std::mutex mutex_;  // protects progress_
    SealProgress progress_;
};

}  // namespace chorus::store
