// The names by which the API knows the values of a rule.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aggregator/rules/rule.h"

namespace chorus::alerts {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<std::string_view, Enum>, N>;

template <typename Enum, std::size_t N>
constexpr std::string_view name_of(const Names<Enum, N>& names, Enum value) {
    for (const auto& [name, v] : names) {
        if (v == value) return name;
    }
    return {};
}

template <typename Enum, std::size_t N>
constexpr std::optional<Enum> value_of(const Names<Enum, N>& names, std::string_view name) {
    for (const auto& [known, value] : names) {
        if (known == name) return value;
    }
    return std::nullopt;
}

// "^(critical|high|...)$", as the faults show it.
template <typename Enum, std::size_t N>
std::string pattern_of(const Names<Enum, N>& names) {
    std::string pattern = "^(";
    for (const auto& [name, value] : names) {
        if (pattern.size() > 2) pattern += '|';
        pattern += name;
    }
    return pattern + ")$";
}

inline constexpr Names<Severity, 5> kSeverities{{{"critical", Severity::critical},
                                                 {"high", Severity::high},
                                                 {"medium", Severity::medium},
                                                 {"low", Severity::low},
                                                 {"info", Severity::info}}};
inline constexpr Names<Operator, 6> kOperators{{{">", Operator::greater},
                                                {"<", Operator::less},
                                                {">=", Operator::greater_equal},
                                                {"<=", Operator::less_equal},
                                                {"==", Operator::equal},
                                                {"!=", Operator::not_equal}}};
inline constexpr Names<Aggregation, 9> kAggregations{{{"avg", Aggregation::average},
                                                      {"min", Aggregation::minimum},
                                                      {"max", Aggregation::maximum},
                                                      {"last", Aggregation::last},
                                                      {"sum", Aggregation::sum},
                                                      {"p95", Aggregation::p95},
                                                      {"fraction", Aggregation::fraction},
                                                      {"rate", Aggregation::rate},
                                                      {"predict", Aggregation::predict}}};
inline constexpr Names<ProcessField, 9> kProcessFields{
    {{"cpu_percent", ProcessField::cpu_percent},
     {"memory_mb", ProcessField::memory_mb},
     {"memory_percent", ProcessField::memory_percent},
     {"disk_read_bytes", ProcessField::disk_read_bytes},
     {"disk_write_bytes", ProcessField::disk_write_bytes},
     {"process_count", ProcessField::process_count},
     {"num_threads", ProcessField::num_threads},
     {"fd_count", ProcessField::fd_count},
     {"uptime_seconds", ProcessField::uptime_seconds}}};
inline constexpr Names<Grouping, 3> kGroupings{
    {{"process", Grouping::none}, {"name", Grouping::name}, {"unit", Grouping::unit}}};
inline constexpr Names<ServiceHealthCondition::Fault, 3> kServiceFaults{
    {{"any", ServiceHealthCondition::Fault::any},
     {"down", ServiceHealthCondition::Fault::down},
     {"slow", ServiceHealthCondition::Fault::slow}}};

}  // namespace chorus::alerts
