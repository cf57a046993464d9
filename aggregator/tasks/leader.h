// Keeps the lease that makes this aggregator the leader of all aggregators on one database.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "aggregator/postgres/database.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::tasks {

// The epoch under which this program leads, nullopt while it does not.
using Leadership = std::function<std::optional<std::int64_t>()>;

// The lease is a row of the database (see schema/lease.h). It ends by the database's clock. It is
// renewed three times while it lasts. Aggregators that do not lead ask for it every second.
// Thread-safe.
class Leader {
  public:
    // `holder` names this program for people; a random part is added to it.
    Leader(store::Database& database, const Clock& clock, std::string holder,
           std::chrono::milliseconds lease, MetricsRegistry& metrics);
    ~Leader() { stop(); }
    Leader(const Leader&) = delete;
    Leader& operator=(const Leader&) = delete;

    void start();
    // Ends the lease, so that another aggregator takes over at once. To be called after the tasks
    // ended.
    void stop();

    // Leadership as far as this program can know. It becomes false early rather than late. Only
    // store::hold_leadership() in a transaction is certain.
    std::optional<std::int64_t> epoch() const;

    // One attempt to take or renew the lease. The thread does this by itself.
    void renew();

  private:
    void loop();
    void release();

    store::Database& database_;
    const Clock& clock_;
    const std::string holder_;
    const std::chrono::milliseconds lease_;
    Gauge& gauge_;

    mutable std::mutex mutex_;  // protects all below but thread_
    std::condition_variable wake_;
    std::optional<std::int64_t> epoch_;
    std::chrono::nanoseconds valid_until_{0};  // of Clock::steady()
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace chorus::tasks
