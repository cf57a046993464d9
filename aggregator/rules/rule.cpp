#include "aggregator/rules/rule.h"

#include <array>

#include "aggregator/rules/rule_names.h"

namespace chorus::alerts {

std::string_view to_string(Operator op) {
    return name_of(kOperators, op);
}

std::string_view to_string(Aggregation aggregation) {
    return name_of(kAggregations, aggregation);
}

std::string_view to_string(ProcessField field) {
    return name_of(kProcessFields, field);
}

bool holds(double value, Operator op, double threshold) {
    switch (op) {
        case Operator::greater:
            return value > threshold;
        case Operator::less:
            return value < threshold;
        case Operator::greater_equal:
            return value >= threshold;
        case Operator::less_equal:
            return value <= threshold;
        case Operator::equal:
            return value == threshold;
        case Operator::not_equal:
            return value != threshold;
    }
    return false;
}

double default_coverage(std::chrono::minutes window, Aggregation aggregation) {
    constexpr std::chrono::minutes kShortestCovered{5};
    const bool counts = aggregation == Aggregation::sum || aggregation == Aggregation::last;
    return counts || window < kShortestCovered ? 0 : 0.5;
}

std::string_view rule_type(const Condition& condition) {
    constexpr std::array<std::string_view, 4> names{"system_metric", "service_health",
                                                    "process_metric", "host_silent"};
    return names.at(condition.index());
}

const Limit* limit_of(const Condition& condition) {
    if (const auto* system = std::get_if<SystemMetricCondition>(&condition)) return &system->limit;
    if (const auto* process = std::get_if<ProcessMetricCondition>(&condition))
        return &process->limit;
    return nullptr;
}

const HostFilter* host_filter(const Condition& condition) {
    if (const Limit* limit = limit_of(condition)) return &limit->hosts;
    if (const auto* silent = std::get_if<HostSilentCondition>(&condition)) return &silent->hosts;
    return nullptr;
}

}  // namespace chorus::alerts
