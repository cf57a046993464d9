// Hosts and whether they report (GET /hosts).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/clock.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

// Up: reported within 3 intervals; stale: within 10; down: longer ago. By the time of receipt.
enum class HostStatus { up, stale, down };
inline constexpr std::array kHostStatuses{HostStatus::up, HostStatus::stale, HostStatus::down};
std::string_view to_string(HostStatus status);
HostStatus host_status(Timestamp last_seen, double interval_seconds, Timestamp now);

struct HostRow {
    std::int32_t host_id = 0;
    std::string hostname;
    HostStatus status = HostStatus::down;
    std::optional<Uuid> agent_id;
    std::string agent_version;                           // empty = unknown, as all texts below
    double interval_seconds = 30;                        // as the agent says
    std::optional<double> requested_interval_seconds{};  // if not as the agent is configured
    std::string os;
    std::string kernel;
    std::string cpu_model;
    std::optional<std::int64_t> cpu_count;
    std::optional<std::int64_t> memory_total_bytes;
    std::optional<Timestamp> boot_time;
    std::string labels_json = "{}";
    std::string thresholds_json = "{}";  // of this host instead of the rules' own
    std::optional<std::int64_t> clock_skew_ms;
    bool timed_by_receipt = false;  // its clock is too far off to store by it
    Timestamp first_seen;
    Timestamp last_seen;
};

// Filters of hosts. A host must fit every filter that is given.
struct HostQuery {
    std::vector<HostStatus> statuses{};                         // any of them
    std::vector<std::pair<std::string, std::string>> labels{};  // all of them
    std::optional<std::string> text{};                          // a part of the name, in any case
};

class HostReader {
  public:
    HostReader(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    std::vector<HostRow> list(const HostQuery& query = {}) const;  // by hostname
    bool contains(const std::string& hostname) const;
    std::optional<HostRow> find(const std::string& hostname) const;
    std::optional<HostRow> last_seen() const;  // the host that reported last

  private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace chorus::store
