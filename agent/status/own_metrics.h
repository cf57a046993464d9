// The agent's metrics about itself, with names in Prometheus' form.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "agent/collect/self_collector.h"
#include "agent/procfs/support/read_faults.h"
#include "agent/push/delivery.h"
#include "common/batch/batch.h"
#include "common/metrics.h"

namespace chorus::agent {

class OwnMetrics {
  public:
    OwnMetrics();

    // After each collection. `delivery` counts since the start.
    void collected(const Batch& batch, double seconds, const ReadFaults& faults,
                   const AgentState& state, const DeliveryCounts& delivery);
    // After each request; `status` 0 = no answer. Any thread.
    void pushed(int status, double seconds);

    std::string prometheus() const { return registry_.expose(); }
    // JSON of the last collection, for people. Any thread.
    std::string status() const;

  private:
    struct Shown {
        std::string hostname, agent_id;
        double interval_seconds = 0;
        std::optional<Timestamp> collected_at, stored_at;
        std::uint64_t waiting = 0, waiting_bytes = 0, stored = 0, dropped = 0, expired = 0;
        double waiting_seconds = 0;
        int last_status = 0;
        bool last_expired = false;
    };

    MetricsRegistry registry_;
    Histogram& collection_;
    Counter& collections_;
    Gauge& processes_;
    Gauge& spool_bytes_;
    Gauge& spool_batches_;
    Gauge& full_;
    Gauge& refused_;
    Gauge& expired_;
    Gauge& warnings_;
    Histogram& push_;
    Gauge& last_success_;
    mutable std::mutex mutex_;  // protects shown_
    Shown shown_;
};

}  // namespace chorus::agent
