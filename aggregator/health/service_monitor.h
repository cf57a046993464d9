// Checks the configured services at their intervals. Stores the results, writes them to Redis and
// opens alerts.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/cache/entry_writer.h"
#include "aggregator/health/prober.h"
#include "aggregator/postgres/database.h"
#include "aggregator/service_store/service_store.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::health {

struct CheckSummary {
    std::size_t checked = 0;
    std::size_t healthy = 0;
};

class ServiceMonitor {
  public:
    ServiceMonitor(std::vector<Service> services, net::AddressRules rules,
                   const ProberOptions& options, store::Database& database,
                   cache::EntryWriter& cache, const Clock& clock, MetricsRegistry& metrics);

    const std::vector<Service>& services() const { return services_; }
    // How often round() wants to be called: the greatest time that divides every interval.
    std::chrono::seconds period() const;

    // Checks the services that are due and continues unfinished checks, until all are done or the
    // next round is near. Finished checks are stored while others still wait. A task of the leader.
    // Throws store::LeadershipLost, store::DatabaseError.
    void round(std::int64_t epoch);

    // Checks all services now, beside the rounds, and stores the result. Takes as long as the
    // slowest check. Without an epoch the caller need not be the leader, because a check is true
    // whoever made it.
    CheckSummary check_now(std::optional<std::int64_t> epoch = std::nullopt);

    // Makes the calls above return soon. From any thread. Cannot be undone.
    void stop();

  private:
    using Round = std::vector<store::ServiceCheck>;
    CheckSummary record(const std::vector<Prober::Finished>& finished,
                        std::optional<std::int64_t> epoch);
    void store(const Round& round, std::optional<std::int64_t> epoch);
    void tell(const std::vector<Prober::Finished>& finished, const Round& round);
    void count(const Round& round);

    const std::vector<Service> services_;
    std::vector<std::string> names_;
    const net::AddressRules rules_;
    store::Database& database_;
    cache::EntryWriter& cache_;
    const Clock& clock_;
    MetricsRegistry& metrics_;
    Prober rounds_prober_;
    std::vector<Probe::Time> due_;  // of each service; of the rounds' thread

    std::mutex now_mutex_;  // one check_now() at a time; protects now_prober_
    Prober now_prober_;

    std::mutex backlog_mutex_;   // protects backlog_
    std::deque<Round> backlog_;  // what could not be stored while PostgreSQL was away
};

}  // namespace chorus::health
