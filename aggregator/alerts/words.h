// The words by which the API knows the values of a rule.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "aggregator/alerts/rule.h"

namespace chorus::alerts {

template <typename Enum, std::size_t N>
using Words = std::array<std::pair<std::string_view, Enum>, N>;

template <typename Enum, std::size_t N>
constexpr std::string_view word_of(const Words<Enum, N>& words, Enum value) {
    for (const auto& [word, v] : words) {
        if (v == value) return word;
    }
    return {};
}

template <typename Enum, std::size_t N>
constexpr std::optional<Enum> value_of(const Words<Enum, N>& words, std::string_view word) {
    for (const auto& [w, value] : words) {
        if (w == word) return value;
    }
    return std::nullopt;
}

// "^(critical|high|...)$", as the faults show it.
template <typename Enum, std::size_t N>
std::string pattern_of(const Words<Enum, N>& words) {
    std::string pattern = "^(";
    for (const auto& [word, value] : words) {
        if (pattern.size() > 2) pattern += '|';
        pattern += word;
    }
    return pattern + ")$";
}

inline constexpr Words<Severity, 5> kSeverities{{{"critical", Severity::critical},
                                                 {"high", Severity::high},
                                                 {"medium", Severity::medium},
                                                 {"low", Severity::low},
                                                 {"info", Severity::info}}};
inline constexpr Words<Operator, 6> kOperators{{{">", Operator::greater},
                                                {"<", Operator::less},
                                                {">=", Operator::greater_equal},
                                                {"<=", Operator::less_equal},
                                                {"==", Operator::equal},
                                                {"!=", Operator::not_equal}}};
inline constexpr Words<Aggregation, 9> kAggregations{{{"avg", Aggregation::average},
                                                      {"min", Aggregation::minimum},
                                                      {"max", Aggregation::maximum},
                                                      {"last", Aggregation::last},
                                                      {"sum", Aggregation::sum},
                                                      {"p95", Aggregation::p95},
                                                      {"fraction", Aggregation::fraction},
                                                      {"rate", Aggregation::rate},
                                                      {"predict", Aggregation::predict}}};
inline constexpr Words<ProcessField, 9> kProcessFields{
    {{"cpu_percent", ProcessField::cpu_percent},
     {"memory_mb", ProcessField::memory_mb},
     {"memory_percent", ProcessField::memory_percent},
     {"disk_read_bytes", ProcessField::disk_read_bytes},
     {"disk_write_bytes", ProcessField::disk_write_bytes},
     {"process_count", ProcessField::process_count},
     {"num_threads", ProcessField::num_threads},
     {"fd_count", ProcessField::fd_count},
     {"uptime_seconds", ProcessField::uptime_seconds}}};
inline constexpr Words<Grouping, 3> kGroupings{
    {{"process", Grouping::none}, {"name", Grouping::name}, {"unit", Grouping::unit}}};
inline constexpr Words<ServiceHealthCondition::Fault, 3> kServiceFaults{
    {{"any", ServiceHealthCondition::Fault::any},
     {"down", ServiceHealthCondition::Fault::down},
     {"slow", ServiceHealthCondition::Fault::slow}}};

}  // namespace chorus::alerts
