// Agents that shall collect at another interval than their configuration says.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "aggregator/live/agent_streams.h"
#include "aggregator/postgres/database.h"
#include "common/uuid.h"

namespace chorus::live {

// A copy of the database's rows, so that no batch waits for a query. Thread-safe.
class Intervals {
  public:
    // Both outlive the object.
    Intervals(AgentStreams& streams, store::Database& database)
        : streams_(streams), database_(database) {}

    // Reads anew and sends changes to agents that listen here. For a scheduler, every few seconds,
    // because another aggregator may have made a change. Throws DatabaseError.
    void refresh();
    // Seconds; nullopt: as the agent is configured.
    std::optional<double> find(const Uuid& agent) const;

  private:
    AgentStreams& streams_;
    store::Database& database_;
    std::mutex refreshing_;     // one at a time, so that the newest state wins
    mutable std::mutex mutex_;  // protects intervals_
    std::unordered_map<Uuid, double> intervals_;
};

}  // namespace chorus::live
