// Rules and fleets by hand: what the loader makes from the database, for tests of the evaluator.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aggregator/alert_store/rule_processes.h"
#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/snapshot.h"
#include "aggregator/rules/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts::build {

inline const std::string kCpu = "cpu_usage_percent";
inline const std::string kDisk = "disk_usage_percent";

// A moment at which slots of every length begin.
inline constexpr Timestamp kNoon{std::chrono::sys_days{std::chrono::January / 5 / 2026} +
                                 std::chrono::hours{12}};
// Minutes after noon, or before it if negative.
inline Timestamp at(double minutes) {
    return kNoon + std::chrono::microseconds{static_cast<std::int64_t>(minutes * 60e6)};
}

Limit limit(Operator op, double threshold, Aggregation aggregation = Aggregation::average);
// "cpu_usage_percent" over 85 in five minutes, as the first example of a rule.
Rule system_rule(const std::string& metric = kCpu, double threshold = 85);
// Over one minute, so that a sample counts for one round. `cooldown` in minutes.
Rule one_minute_rule(const std::string& metric = kCpu, int cooldown = 0);
Rule process_rule(const std::string& process, ProcessField field, Operator op, double threshold);
Rule service_rule(const std::string& service);
Rule silence_rule();
SystemMetricCondition& system_of(Rule& rule);
ProcessMetricCondition& process_of(Rule& rule);

// Value of one series in one batch; no value is NaN.
struct Value {
    std::string metric;
    double value = 0;
    std::string label{};
};

struct Figures {
    std::int32_t pid = 1;
    std::string name;
    double cpu = 0;
    double rss_mb = 0;
    std::string unit{};
    std::optional<Timestamp> started_at{};
};

class Fleet {
  public:
    // Adds it if it is new.
    Host& host(const std::string& name);
    void remove_host(const std::string& name);
    void tags(const std::string& metric, const std::string& label, TextPairs tags);
    void unit(const std::string& metric, const std::string& unit);
    // What a host sent, as received then; in order of time.
    void batch(const std::string& host, Timestamp received, const std::vector<Value>& values);
    // The same value every half minute, the last one at `to`.
    void steady(const std::string& host, const Value& value, Timestamp from, Timestamp to);
    void processes(const std::string& host, Timestamp received,
                   const std::vector<Figures>& processes);
    Service& service(const std::string& name, Service::Status status,
                     std::optional<double> response_time_ms = std::nullopt);

    // For rules with windows of up to ten minutes, and of the one given.
    Snapshot snapshot(std::chrono::minutes long_window = std::chrono::minutes{60}) const;

  private:
    struct Sent {
        Timestamp received;
        std::vector<Value> values;
    };
    using Name = std::pair<std::string, std::string>;  // metric, label
    std::vector<Host> hosts_;
    std::map<std::string, std::vector<Sent>> sent_;
    std::map<std::string, HostProcesses> processes_;
    std::map<Name, TextPairs> tags_;
    std::map<std::string, std::string> units_;
    std::vector<Service> services_;
};

// What a rule sees, by Subject::key().
std::map<std::string, Reading> readings(const Rule& rule, const Snapshot& snapshot, Timestamp now);

}  // namespace chorus::alerts::build
