// An alert rule as the evaluator uses it: typed, checked, with every default filled in.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "aggregator/alert_store/alert_types.h"
#include "common/uuid.h"

namespace chorus::alerts {

using store::Severity;
// The worse of two.
inline Severity worse(Severity a, Severity b) {
    return std::min(a, b);
}

enum class Operator { greater, less, greater_equal, less_equal, equal, not_equal };
std::string_view to_string(Operator op);
bool holds(double value, Operator op, double threshold);

// How the samples of a window become one figure.
enum class Aggregation {
    average,
    minimum,
    maximum,
    last,
    sum,
    p95,       // nearest rank
    fraction,  // share of the samples that breach the threshold, 0 to 1
    rate,      // change per second between the first and the last sample
    predict,   // where a straight line through the samples stands `predict_hours` from now
};
std::string_view to_string(Aggregation aggregation);

// Which hosts a rule looks at. Globs have `*` and `?`.
struct HostFilter {
    std::string hostname = "*";
    std::vector<std::pair<std::string, std::string>> labels;  // host label, glob of its value
};

// A second, more severe limit of the same rule.
struct Escalation {
    double threshold = 0;
    Severity severity = Severity::critical;
};

// A window of up to kLongestWholeWindow takes every sample; for sums and extremes, one of up to
// kLongestSumWindow.
inline constexpr std::chrono::minutes kLongestWholeWindow{10};
inline constexpr std::chrono::minutes kLongestSumWindow{60};

// What every rule over samples has.
struct Limit {
    HostFilter hosts;
    Operator op = Operator::greater;
    double threshold = 0;
    std::chrono::minutes window{5};
    Aggregation aggregation = Aggregation::average;
    // A firing alert goes on until the value is on the good side of this.
    std::optional<double> clear_threshold;
    std::optional<Escalation> escalation;
    double fraction = 0.5;       // aggregation fraction: share of samples from which it fires
    double predict_hours = 24;   // aggregation predict: how far ahead
    std::optional<double> gate;  // aggregation predict: the newest sample must be beyond this, too
    double least_fit = 0.7;      // aggregation predict: least R² of the line, 0 to 1
    double min_coverage = 0;     // least share of the window that samples cover, 0 to 1
};
// The least coverage, 0 to 1, of a rule that gives none. It is half of a window of five minutes or
// more: what is called an average over ten minutes must not be the average of ten seconds. It is 0
// for shorter windows, for a sum (one event may be the news) and for the last sample, which has no
// window.
double default_coverage(std::chrono::minutes window, Aggregation aggregation);

// What the samples of a metric are divided by. It is the mean over the window of another metric's
// series with the same label, or else of its series of the whole host. Batches that lack one of the
// two do not count. If that mean is 0, or less than `least`, there is too little to judge, and all
// is well.
struct Divisor {
    std::string metric_type;
    double least = 0;
};

struct SystemMetricCondition {
    Limit limit;
    std::string metric_type;
    std::optional<Divisor> divisor{};
    double factor = 1;  // of the quotient
    // Glob over the series' label. None: the series of the whole host, or every label if the metric
    // has no such series.
    std::optional<std::string> label;
    std::vector<std::pair<std::string, std::string>> tags;  // tag, glob of its value
};

enum class ProcessField {
    cpu_percent,  // of one core
    memory_mb,
    memory_percent,
    disk_read_bytes,
    disk_write_bytes,
    num_threads,
    fd_count,
    uptime_seconds,
    process_count,  // how many processes match; 0 is a value
};
std::string_view to_string(ProcessField field);

enum class Grouping {
    none,  // each process for itself; the worst one of a name stands for it
    name,  // the sum over all processes of one name
    unit,  // the sum over all processes of one systemd unit
};

struct ProcessMetricCondition {
    Limit limit;
    std::string process_name;         // exact or glob
    std::optional<std::string> unit;  // glob over the systemd unit
    ProcessField field = ProcessField::cpu_percent;
    Grouping grouping = Grouping::none;
};

struct ServiceHealthCondition {
    enum class Fault { any, down, slow };
    std::string service_name;  // exact or glob
    double max_response_time_ms = 5000;
    Fault fault = Fault::any;  // which of them fires
};

struct HostSilentCondition {
    HostFilter hosts;
    double intervals = 3;           // of the host's own collection
    std::chrono::seconds least{0};  // but never before so long
};

using Condition = std::variant<SystemMetricCondition, ServiceHealthCondition,
                               ProcessMetricCondition, HostSilentCondition>;

// How long a state must last before an alert changes: `for` and `keep_firing_for` of Prometheus.
// Part of every condition.
struct HoldDurations {
    std::chrono::minutes hold{0};             // for_minutes: breached so long before it fires
    std::chrono::minutes keep_firing_for{0};  // clear so long before it resolves
    bool auto_resolve = true;
};

struct Rule {
    Uuid id;
    std::string name;
    Condition condition;
    HoldDurations durations;
    Severity severity = Severity::info;
    std::chrono::minutes cooldown{5};
};

std::string_view rule_type(const Condition& condition);
// Null for rules that have no limit on samples.
const Limit* limit_of(const Condition& condition);
const HostFilter* host_filter(const Condition& condition);

}  // namespace chorus::alerts
