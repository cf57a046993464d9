// Rules as clients write them. They are checked completely when they are written, so that none
// fails silently later.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/rules/rule.h"
#include "common/json/field_error.h"
#include "common/json/json_value.h"

namespace chorus::alerts {

// What the checks need to know about this installation.
struct RuleContext {
    double max_response_time_ms = 5000;  // RESPONSE_TIME_ALERT_THRESHOLD
    // Whether "webhook:ops" names a channel that is configured.
    std::function<bool(std::string_view)> known_channel;
};

// A rule to be written. The condition is kept as the client wrote it, because answers show it so.
struct RuleDraft {
    std::string name;
    std::optional<std::string> description;
    Condition condition;
    HoldDurations durations;
    std::string condition_json;
    Severity severity = Severity::info;
    std::vector<std::string> notification_channels;
    std::int64_t cooldown_minutes = 5;
    bool is_active = true;
};

// The changes of a PATCH. Absent members stay as they are.
struct RuleChange {
    std::optional<std::string> name;
    std::optional<std::optional<std::string>> description;  // may be set to null
    std::optional<Condition> condition;
    std::optional<HoldDurations> durations;
    std::optional<std::string> condition_json;
    std::optional<Severity> severity;
    std::optional<std::vector<std::string>> notification_channels;
    std::optional<std::int64_t> cooldown_minutes;
    std::optional<bool> is_active;

    bool empty() const;
};

inline constexpr std::size_t kRuleNameLength = 255;  // characters
inline constexpr std::int64_t kMostCooldownMinutes = 525'600;

// A member of the body that no rule has is a fault that names the nearest one. On the endpoints of
// the original service such members are ignored, as it ignored them.
void refuse_unknown_rule_members(JsonValue body, FieldErrors& errors);

// Both add every fault, with its place below "body". The result is meaningful only if they added
// none.
RuleDraft parse_rule(JsonValue body, const RuleContext& context, FieldErrors& errors);
// `type` is the type of the rule. A condition of another type is refused.
RuleChange parse_rule_change(JsonValue body, std::string_view type, const RuleContext& context,
                             FieldErrors& errors);

struct ParsedCondition {
    Condition condition;
    HoldDurations durations;
};
// A member that no type of condition has is a fault that names the nearest one, because it was
// meant to narrow the rule. Not used for stored rules, in which such members were always ignored.
void refuse_unknown_members(std::string_view type, JsonValue condition, FieldErrors& errors);

// The condition alone, with faults below "condition". Also for stored rules; their unknown members
// are ignored. nullopt if the type is unknown or the condition is no object.
std::optional<ParsedCondition> parse_condition(std::string_view type, JsonValue condition,
                                               const RuleContext& context, FieldErrors& errors);

}  // namespace chorus::alerts
