// What the metadata of a rule's alert says, and its one JSON form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "aggregator/alert_store/top_processes.h"
#include "aggregator/alerts/evaluate.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::alerts {

// All of these hold copies: they outlive the snapshot that they were made from.
struct LimitFacts {
    double value = 0;
    double threshold = 0;  // the one that counts for this host
    Operator op = Operator::greater;
    Aggregation aggregation = Aggregation::average;
    std::chrono::minutes window{0};
};

struct MetricFacts {
    std::string metric_type;
    std::optional<std::string> divided_by;
    LimitFacts limit;
    std::string unit;   // empty of a quotient
    std::string label;  // empty: the series of the whole host
};

struct ProcessFacts {
    std::string name;
    ProcessField field = ProcessField::cpu_percent;
    LimitFacts limit;
    std::optional<std::int32_t> pid;  // none: the figure is that of several processes
};

struct ServiceFacts {
    std::string name;
    Service::Status status = Service::Status::unknown;
    std::optional<double> response_time_ms;
    std::optional<std::string> error;
};

struct SilentHostFacts {
    Timestamp last_seen{};
    double silent_seconds = 0;
};

// What it said when it fired. It stays, whatever comes after.
struct FiringFacts {
    Timestamp at{};
    double value = 0;
    double threshold = 0;
    std::string text;  // the description
};

struct AlertMetadata {
    Uuid rule_id;
    std::string rule_name;
    std::optional<std::string> hostname;
    std::variant<MetricFacts, ProcessFacts, ServiceFacts, SilentHostFacts> subject;
    // Of an open alert what is stored, as JSON. None: it was opened before this was kept.
    std::variant<std::monostate, FiringFacts, std::string> fired;
    std::optional<std::string> top_processes_json;  // of an open alert, as stored
};

// Without `fired` and top processes.
AlertMetadata metadata_of(const Rule& rule, const Subject& subject, const Reading& reading);

// The processes that are given come in place of the stored ones, ranked by that resource.
std::string metadata_json(const AlertMetadata& metadata,
                          const store::TopProcesses* processes = nullptr,
                          store::Resource ranked_by = store::Resource::cpu);

}  // namespace chorus::alerts
