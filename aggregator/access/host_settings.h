// Settings that people make for a host, and its removal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"
#include "aggregator/postgres/session.h"
#include "common/clock.h"
#include "common/timestamp.h"

namespace chorus::store {

// Absent members stay as they are; the JSON objects are replaced whole.
struct HostSettings {
    std::optional<std::string> labels_json;
    std::optional<std::string> thresholds_json;
    // How often the agent shall collect, 1 s to 1 h. An inner nullopt: as the agent is configured.
    std::optional<std::optional<double>> interval_seconds{};
};

// The host's settings, locked until the transaction ends; nullopt if there is no such host.
std::optional<HostSettings> lock_host_settings(Session& session, const std::string& hostname);
void write_host_settings(Session& session, const std::string& hostname,
                         const HostSettings& settings);

enum class HostRemoval { removed, not_found, active };

// Removes the host with its processes, events and rule states, and resolves its open alerts. Its
// batches vanish from every answer at once; RemovedHosts deletes them later. A host that still
// reports stays unless `force`. `actor` is the name in the history of the alerts.
HostRemoval remove_host(Session& session, const std::string& hostname, bool force,
                        const std::string& actor, Timestamp now);

// Deletes the batches of removed hosts, a day of one table at a time, so that no statement is long.
class RemovedHosts {
  public:
    explicit RemovedHosts(Database& database) : database_(database) {}

    // For the leader. Returns the number of deleted rows. Throws LeadershipLost, DatabaseError.
    std::int64_t clean_up(std::int64_t epoch);

  private:
    Database& database_;
};

}  // namespace chorus::store
