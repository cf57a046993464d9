#include "aggregator/rules/rule_warnings.h"

#include <array>

#include "aggregator/history/sent_metrics.h"
#include "aggregator/rules/rule_input.h"
#include "common/batch/catalogue.h"
#include "common/json/json_reader.h"

namespace chorus::alerts {
namespace {

// The members of a system_metric condition that name metrics.
constexpr std::array<std::string_view, 2> kMetricMembers{"metric_type", "divided_by"};

Location in_condition(std::string_view member) {
    return {std::string("body"), std::string("condition"), std::string(member)};
}

struct UnknownMetric {
    std::size_t rule;
    std::string_view member;
    std::string name;
};

void find_unknown_metrics(std::size_t rule, JsonValue condition, std::vector<UnknownMetric>& all) {
    for (const auto member : kMetricMembers) {
        std::string_view name;
        if (condition.at_key(member).get(name) != simdjson::SUCCESS) continue;
        if (find_metric(name) == nullptr) all.push_back({rule, member, std::string(name)});
    }
}

FieldError warning_of(const UnknownMetric& metric) {
    FieldError warning{
        "metric_unknown", in_condition(metric.member),
        "No host has sent " + metric.name + " since yesterday, and the catalogue does not have it"};
    if (const auto near = store::nearest_metric(metric.name)) {
        warning.message += "; did you mean " + *near + "?";
    }
    return warning;
}

// The faults that unknown fields would be, as warnings.
void add_ignored_members(const store::RuleRow& rule, JsonValue condition, FieldErrors& warnings) {
    FieldErrors faults;
    refuse_unknown_members(rule.rule_type, condition, faults);
    add_ignored(faults, warnings);
}

}  // namespace

void add_ignored(const FieldErrors& unknown, FieldErrors& warnings) {
    for (const auto& fault : unknown.list()) {
        warnings.add({"field_ignored", fault.location, "It is ignored. " + fault.message});
    }
}

std::vector<FieldErrors> rule_warnings(store::Session& session,
                                       const std::vector<store::RuleRow>& rules) {
    std::vector<FieldErrors> warnings(rules.size());
    std::vector<UnknownMetric> unknown;
    JsonReader reader;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        try {
            const JsonValue condition = reader.parse(rules[i].condition_json);
            if (rules[i].rule_type == "system_metric") find_unknown_metrics(i, condition, unknown);
            add_ignored_members(rules[i], condition, warnings[i]);
        } catch (const JsonError& e) {
            warnings[i].add({e.code(), {std::string("body"), std::string("condition")}, e.what()});
        }
    }
    std::vector<std::string> names;
    for (const auto& metric : unknown) names.push_back(metric.name);
    const auto sent = store::sent_lately(session, names);
    for (const auto& metric : unknown) {
        if (!sent.contains(metric.name)) warnings[metric.rule].add(warning_of(metric));
    }
    return warnings;
}

}  // namespace chorus::alerts
