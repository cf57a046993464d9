// Reads the state of services (GET /system/health, /services).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "aggregator/postgres/database.h"
#include "aggregator/service_store/service_store.h"
#include "common/timestamp.h"

namespace chorus::store {

// How late a check may be in addition to three intervals, because it may take as long as its
// timeout.
inline constexpr std::chrono::seconds kCheckLateness{90};

// How long a check counts for its service if none follows it.
std::chrono::duration<double> known_for(double interval_seconds);

// The agent that checks a service.
struct CheckingAgent {
    std::string hostname;
    double interval_seconds = 60;  // between two results of the service
    Timestamp heard_at{};          // the newest check's time by the aggregator's clock

    // Whether the last check is so old that the state of the service is unknown.
    bool silent(Timestamp now) const;
};

// The newest check of a service.
struct ServiceState {
    std::string service;
    std::string endpoint;
    std::string status;
    Timestamp status_since;
    Timestamp last_checked;
    std::optional<std::int32_t> response_time_ms;
    std::optional<std::string> error;
    std::optional<Timestamp> certificate_expires;
    std::optional<CheckingAgent> agent{};  // nullopt: an aggregator checks it
};

// Share of healthy checks, in percent; nullopt without checks.
struct ServiceUptime {
    std::optional<double> day, week, month;
    std::optional<double> average_response_ms;  // of the day
};

struct PastCheck {
    Timestamp time;
    ServiceStatus status = ServiceStatus::unhealthy;
    std::optional<std::int32_t> response_time_ms{};
    std::optional<std::string> error{};
};

// Columns of equal length, one element a step that has checks, oldest first.
struct ServiceSeries {
    std::int64_t step_seconds = 0;
    std::vector<std::int64_t> times;                // start of the step, Unix seconds
    std::vector<double> average, minimum, maximum;  // response time in ms; NaN = no answer
    std::vector<double> uptime_percent;
    std::vector<std::int64_t> checks;
};

class ServiceReader {
  public:
    explicit ServiceReader(Database& database) : database_(database) {}

    // By name. Services of agents that are gone are left out.
    std::unordered_map<std::string, ServiceState> states() const;
    std::unordered_map<std::string, ServiceUptime> uptimes(Timestamp now) const;
    // The last `count` checks of the last seven days, oldest first, of each service or of the one
    // that is named.
    std::unordered_map<std::string, std::vector<PastCheck>> recent(
        Timestamp now, int count, const std::optional<std::string>& service = {}) const;
    // Steps of a minute or more. From an hour on they come from the counts of each hour.
    ServiceSeries series(const std::string& service, Timestamp from, Timestamp to,
                         int max_points) const;

  private:
    Database& database_;
};

}  // namespace chorus::store
