// The condition of each type of rule.
#include <algorithm>
#include <array>
#include <cmath>

#include "aggregator/rules/field_reader.h"
#include "aggregator/rules/rule_input.h"
#include "common/json/unknown_name.h"

namespace chorus::alerts {
namespace {

using json_checks::Checker;
using json_checks::IntegerRange;
using json_checks::Path;
using json_checks::RealRange;

constexpr RealRange kAnyNumber{-1e300, 1e300};
constexpr RealRange kShare{0, 1};
constexpr IntegerRange kWindowMinutes{1, 1440};
constexpr IntegerRange kHoldMinutes{0, 10'080};  // a week

// Every member a condition of some type may have, with the types that have it.
struct Member {
    std::string_view name;
    bool system, service, process, silent;
};
constexpr std::array kMembers{
    Member{"metric_type", true, false, false, false},
    Member{"label", true, false, false, false},
    Member{"tags", true, false, false, false},
    Member{"divided_by", true, false, false, false},
    Member{"least_divisor", true, false, false, false},
    Member{"multiplied_by", true, false, false, false},
    Member{"service_name", false, true, false, false},
    Member{"max_response_time_ms", false, true, false, false},
    Member{"fault", false, true, false, false},
    Member{"process_name", false, false, true, false},
    Member{"metric_field", false, false, true, false},
    Member{"unit", false, false, true, false},
    Member{"group_by", false, false, true, false},
    Member{"intervals", false, false, false, true},
    Member{"least_seconds", false, false, false, true},
    Member{"hostname", true, false, true, true},
    Member{"host_labels", true, false, true, true},
    Member{"operator", true, false, true, false},
    Member{"threshold", true, false, true, false},
    Member{"time_window_minutes", true, false, true, false},
    Member{"aggregation", true, false, true, false},
    Member{"clear_threshold", true, false, true, false},
    Member{"critical_threshold", true, false, true, false},
    Member{"critical_severity", true, false, true, false},
    Member{"fraction", true, false, true, false},
    Member{"predict_hours", true, false, true, false},
    Member{"gate", true, false, true, false},
    Member{"least_fit", true, false, true, false},
    Member{"min_coverage", true, false, true, false},
    Member{"for_minutes", true, true, true, true},
    Member{"keep_firing_minutes", true, true, true, true},
    Member{"auto_resolve", true, true, true, true},
};

bool belongs(const Member& member, std::string_view type) {
    return (type == "system_metric" && member.system) ||
           (type == "service_health" && member.service) ||
           (type == "process_metric" && member.process) || (type == "host_silent" && member.silent);
}

std::vector<std::string> members_of(std::string_view type) {
    std::vector<std::string> known;
    for (const auto& member : kMembers) {
        if (belongs(member, type)) known.emplace_back(member.name);
    }
    return known;
}

void refuse_members_of_other_types(FieldReader& fields, std::string_view type) {
    for (const auto& member : kMembers) {
        if (belongs(member, type) || !fields.has(member.name)) continue;
        std::string message = "A " + std::string(type) + " condition has no such field; known are";
        for (const auto& known : members_of(type)) message += ' ' + known;
        fields.fail(member.name, "unexpected_field", message);
    }
}

bool is_member_of_any(std::string_view name) {
    return std::any_of(kMembers.begin(), kMembers.end(),
                       [&](const Member& member) { return member.name == name; });
}

HostFilter read_hosts(FieldReader& fields) {
    HostFilter hosts;
    fields.glob("hostname", hosts.hostname);
    fields.globs("host_labels", hosts.labels);
    return hosts;
}

bool rising(Operator op) {
    return op == Operator::greater || op == Operator::greater_equal;
}
bool falling(Operator op) {
    return op == Operator::less || op == Operator::less_equal;
}

void check_thresholds(FieldReader& fields, const Limit& limit) {
    const auto fault = [&](const char* name, const char* text) {
        fields.fail(name, "value_error", std::string("Value error, ") + text);
    };
    if (limit.clear_threshold) {
        if (!rising(limit.op) && !falling(limit.op)) {
            fault("clear_threshold", "clear_threshold needs one of the operators > >= < <=");
        } else if (rising(limit.op) ? *limit.clear_threshold > limit.threshold
                                    : *limit.clear_threshold < limit.threshold) {
            fault("clear_threshold", "clear_threshold must be on the good side of threshold");
        }
    }
    if (limit.escalation) {
        if (!rising(limit.op) && !falling(limit.op)) {
            fault("critical_threshold", "critical_threshold needs one of the operators > >= < <=");
        } else if (rising(limit.op) ? limit.escalation->threshold < limit.threshold
                                    : limit.escalation->threshold > limit.threshold) {
            fault("critical_threshold", "critical_threshold must be beyond threshold");
        }
    }
    if (limit.aggregation == Aggregation::predict && !rising(limit.op) && !falling(limit.op)) {
        fault("aggregation", "predict needs one of the operators > >= < <=");
    }
    if (limit.aggregation == Aggregation::fraction && limit.clear_threshold) {
        fault("clear_threshold", "aggregation fraction has no clear_threshold");
    }
}

// A sum that leaves out samples would be wrong.
void check_sum(FieldReader& fields, const Limit& limit, std::chrono::minutes longest) {
    if (limit.aggregation != Aggregation::sum || limit.window <= longest) return;
    fields.fail("time_window_minutes", "value_error",
                "Value error, at most " + std::to_string(longest.count()) +
                    " with aggregation sum; keep_firing_minutes keeps an alert open for longer");
}

// `ages`: of the age of processes. One that is younger than half of the window is the news.
Limit read_limit(FieldReader& fields, bool ages = false) {
    Limit limit;
    limit.hosts = read_hosts(fields);
    const bool compares = fields.choice("operator", kOperators, limit.op);
    if (!fields.has("threshold")) fields.missing("threshold");
    std::optional<double> threshold;
    fields.number("threshold", threshold, kAnyNumber);
    limit.threshold = threshold.value_or(0);
    fields.minutes("time_window_minutes", limit.window, kWindowMinutes);
    fields.choice("aggregation", kAggregations, limit.aggregation);
    fields.number("clear_threshold", limit.clear_threshold, kAnyNumber);
    std::optional<double> critical;
    fields.number("critical_threshold", critical, kAnyNumber);
    Severity severity = Severity::critical;
    fields.choice("critical_severity", kSeverities, severity);
    if (critical) limit.escalation = Escalation{*critical, severity};
    fields.number("fraction", limit.fraction, kShare);
    fields.number("predict_hours", limit.predict_hours, {0.01, 8760});
    fields.number("gate", limit.gate, kAnyNumber);
    fields.number("least_fit", limit.least_fit, kShare);
    limit.min_coverage = ages ? 0 : default_coverage(limit.window, limit.aggregation);
    fields.number("min_coverage", limit.min_coverage, kShare);
    // With neither known what else is wrong cannot be told.
    if (compares && threshold) check_thresholds(fields, limit);
    return limit;
}

void read_divisor(FieldReader& fields, SystemMetricCondition& condition) {
    if (fields.has("divided_by")) {
        fields.text("divided_by", condition.divisor.emplace().metric_type, 100);
        fields.number("least_divisor", condition.divisor->least, {0, 1e300});
        fields.number("multiplied_by", condition.factor, kAnyNumber);
        return;
    }
    for (const auto* name : {"least_divisor", "multiplied_by"}) {
        if (fields.has(name)) {
            fields.fail(name, "value_error",
                        "Value error, " + std::string(name) + " needs divided_by");
        }
    }
}

SystemMetricCondition read_system(FieldReader& fields) {
    SystemMetricCondition condition;
    fields.required_text("metric_type", condition.metric_type, 100);
    fields.glob("label", condition.label);
    fields.globs("tags", condition.tags);
    read_divisor(fields, condition);
    condition.limit = read_limit(fields);
    if (condition.divisor && condition.limit.aggregation != Aggregation::average) {
        fields.fail("aggregation", "value_error", "Value error, divided_by needs aggregation avg");
    }
    check_sum(fields, condition.limit, kLongestSumWindow);
    return condition;
}

ServiceHealthCondition read_service(FieldReader& fields, const RuleContext& context) {
    ServiceHealthCondition condition;
    condition.max_response_time_ms = context.max_response_time_ms;
    fields.required_glob("service_name", condition.service_name);
    fields.number("max_response_time_ms", condition.max_response_time_ms, {0, 3'600'000});
    fields.choice("fault", kServiceFaults, condition.fault);
    return condition;
}

ProcessMetricCondition read_process(FieldReader& fields) {
    ProcessMetricCondition condition;
    fields.required_glob("process_name", condition.process_name);
    fields.choice("metric_field", kProcessFields, condition.field);
    fields.glob("unit", condition.unit);
    fields.choice("group_by", kGroupings, condition.grouping);
    condition.limit = read_limit(fields, condition.field == ProcessField::uptime_seconds);
    check_sum(fields, condition.limit, kLongestWholeWindow);
    return condition;
}

HostSilentCondition read_silent(FieldReader& fields) {
    HostSilentCondition condition;
    condition.hosts = read_hosts(fields);
    fields.number("intervals", condition.intervals, {1, 10'000});
    std::int64_t least = 0;
    fields.integer("least_seconds", least, {0, 604'800});
    condition.least = std::chrono::seconds{least};
    return condition;
}

}  // namespace

void refuse_unknown_members(std::string_view type, JsonValue condition, FieldErrors& errors) {
    simdjson::dom::object object;
    if (condition.get(object) != simdjson::SUCCESS) return;  // told by parse_condition()
    for (const auto [name, value] : object) {
        if (errors.full()) return;
        if (is_member_of_any(name)) continue;
        errors.add(unknown_name({std::string("body"), std::string("condition"), std::string(name)},
                                "field", members_of(type)));
    }
}

std::optional<ParsedCondition> parse_condition(std::string_view type, JsonValue condition,
                                               const RuleContext& context, FieldErrors& errors) {
    const bool known = std::any_of(kMembers.begin(), kMembers.end(),
                                   [&](const Member& member) { return belongs(member, type); });
    if (!known) return std::nullopt;
    Checker checker{errors};
    const Path body{"body"};
    const Path at = body / "condition";
    const auto object = checker.object(condition, at);
    if (!object) return std::nullopt;
    FieldReader fields{*object, at, checker};
    refuse_members_of_other_types(fields, type);
    ParsedCondition parsed;
    fields.minutes("for_minutes", parsed.durations.hold, kHoldMinutes);
    fields.minutes("keep_firing_minutes", parsed.durations.keep_firing_for, kHoldMinutes);
    fields.boolean("auto_resolve", parsed.durations.auto_resolve);
    if (type == "system_metric") {
        parsed.condition = read_system(fields);
    } else if (type == "service_health") {
        parsed.condition = read_service(fields, context);
    } else if (type == "process_metric") {
        parsed.condition = read_process(fields);
    } else {
        parsed.condition = read_silent(fields);
    }
    return parsed;
}

}  // namespace chorus::alerts
