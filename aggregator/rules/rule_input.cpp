#include "aggregator/rules/rule_input.h"

#include "aggregator/rules/field_reader.h"
#include "common/json/unknown_name.h"

namespace chorus::alerts {
namespace {

using json_checks::Checker;
using json_checks::Path;

constexpr std::size_t kMostChannels = 32;
constexpr std::size_t kDescriptionLength = 10'000;
enum class RuleType { system_metric, service_health, process_metric, host_silent };
constexpr Names<RuleType, 4> kRuleTypes{{{"system_metric", RuleType::system_metric},
                                         {"service_health", RuleType::service_health},
                                         {"process_metric", RuleType::process_metric},
                                         {"host_silent", RuleType::host_silent}}};

std::optional<std::string> read_description(JsonValue value, const Path& at, Checker& checker) {
    if (value.is_null()) return std::nullopt;
    return std::string(checker.text(value, at, kDescriptionLength));
}

std::vector<std::string> read_channels(JsonValue value, const Path& at, const RuleContext& context,
                                       Checker& checker) {
    std::vector<std::string> channels;
    const auto list = checker.array(value, at);
    if (!list) return channels;
    if (list->size() > kMostChannels) {
        checker.too_long(at, kMostChannels);
        return channels;
    }
    std::size_t index = 0;
    for (const JsonValue element : *list) {
        const Path here = at / index++;
        const std::string_view channel = checker.text(element, here, 320);
        if (channel.empty() && !element.is_string()) continue;
        if (context.known_channel && !context.known_channel(channel)) {
            checker.fail(here, "unknown_channel",
                         "No such channel is configured; known kinds are webhook:NAME, slack:NAME,"
                         " email:ADDRESS, alertmanager and redis");
        }
        channels.emplace_back(channel);
    }
    return channels;
}

// The members that creation and change have in common; absent ones keep what `target` holds.
template <typename Target>
void read_common(FieldReader& fields, const Path& body, const RuleContext& context,
                 Checker& checker, Target& target) {
    if (const auto value = fields.find("notification_channels")) {
        target.notification_channels =
            read_channels(*value, body / "notification_channels", context, checker);
    }
    if (fields.has("cooldown_minutes")) {
        std::int64_t minutes = 0;
        fields.integer("cooldown_minutes", minutes, {0, kMostCooldownMinutes});
        target.cooldown_minutes = minutes;
    }
    if (fields.has("is_active")) {
        bool active = true;
        fields.boolean("is_active", active);
        target.is_active = active;
    }
    if (fields.has("severity")) {
        Severity severity = Severity::info;
        fields.choice("severity", kSeverities, severity);
        target.severity = severity;
    }
}

}  // namespace

bool RuleChange::empty() const {
    return !name && !description && !condition_json && !severity && !notification_channels &&
           !cooldown_minutes && !is_active;
}

void refuse_unknown_rule_members(JsonValue body, FieldErrors& errors) {
    simdjson::dom::object object;
    if (body.get(object) != simdjson::SUCCESS) return;  // told by parse_rule()
    Checker checker{errors};
    refuse_unknown(object, Path{"body"},
                   {"name", "description", "rule_type", "condition", "severity",
                    "notification_channels", "cooldown_minutes", "is_active"},
                   checker);
}

RuleDraft parse_rule(JsonValue value, const RuleContext& context, FieldErrors& errors) {
    RuleDraft draft;
    Checker checker{errors};
    const Path body{"body"};
    const auto object = checker.object(value, body);
    if (!object) return draft;
    FieldReader fields{*object, body, checker};
    fields.required_text("name", draft.name, kRuleNameLength);
    if (const auto text = fields.find("description")) {
        draft.description = read_description(*text, body / "description", checker);
    }
    if (!fields.has("rule_type")) fields.missing("rule_type");
    if (!fields.has("severity")) fields.missing("severity");
    read_common(fields, body, context, checker, draft);

    std::optional<RuleType> type;
    if (fields.has("rule_type")) {
        RuleType read = RuleType::system_metric;
        fields.choice("rule_type", kRuleTypes, read);
        std::string type_name;
        fields.text("rule_type", type_name, 1000);
        type = value_of(kRuleTypes, type_name);
    }
    const auto condition = fields.find("condition");
    if (!condition) {
        fields.missing("condition");
    } else if (type) {
        const auto parsed =
            parse_condition(name_of(kRuleTypes, *type), *condition, context, errors);
        refuse_unknown_members(name_of(kRuleTypes, *type), *condition, errors);
        if (parsed) {
            draft.condition = parsed->condition;
            draft.durations = parsed->durations;
        }
        draft.condition_json = simdjson::minify(*condition);
    }
    return draft;
}

RuleChange parse_rule_change(JsonValue value, std::string_view type, const RuleContext& context,
                             FieldErrors& errors) {
    RuleChange change;
    Checker checker{errors};
    const Path body{"body"};
    const auto object = checker.object(value, body);
    if (!object) return change;
    FieldReader fields{*object, body, checker};
    if (fields.has("name")) {
        change.name.emplace();
        fields.text("name", *change.name, kRuleNameLength);
    }
    if (const auto text = fields.find("description")) {
        change.description = read_description(*text, body / "description", checker);
    }
    if (fields.has("rule_type")) {
        std::string given;
        fields.text("rule_type", given, 1000);
        if (given != type) {
            fields.fail("rule_type", "value_error",
                        "Value error, the type of a rule cannot change; make a new rule");
        }
    }
    read_common(fields, body, context, checker, change);
    if (const auto condition = fields.find("condition")) {
        const auto parsed = parse_condition(type, *condition, context, errors);
        refuse_unknown_members(type, *condition, errors);
        if (parsed) {
            change.condition = parsed->condition;
            change.durations = parsed->durations;
        }
        change.condition_json = simdjson::minify(*condition);
    }
    return change;
}

}  // namespace chorus::alerts
