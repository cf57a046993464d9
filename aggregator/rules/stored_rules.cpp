#include "aggregator/rules/stored_rules.h"

#include "common/json/json_reader.h"

namespace chorus::alerts {
namespace {

std::string message_of(const FieldErrors& errors) {
    std::string text;
    for (const auto& error : errors.list()) {
        if (!text.empty()) text += "; ";
        for (std::size_t i = 1; i < error.location.size(); ++i) {
            const auto* name = std::get_if<std::string>(&error.location[i]);
            text += i > 1 ? "." : "";
            text += name != nullptr ? *name : std::to_string(std::get<1>(error.location[i]));
        }
        text += ": " + error.message;
    }
    return text;
}

}  // namespace

std::vector<StoredRule> read_rules(std::vector<store::RuleRow> rows, const RuleContext& context) {
    std::vector<StoredRule> rules;
    rules.reserve(rows.size());
    JsonReader reader;
    for (auto& row : rows) {
        StoredRule stored{std::move(row), std::nullopt, {}};
        FieldErrors errors;
        try {
            const auto parsed = parse_condition(
                stored.row.rule_type, reader.parse(stored.row.condition_json), context, errors);
            const auto severity = store::severity_from_name(stored.row.severity);
            if (!errors.empty()) {
                stored.error = message_of(errors);
            } else if (!parsed) {
                stored.error = "rule_type \"" + stored.row.rule_type + "\" is not known";
            } else if (!severity) {
                stored.error = "severity \"" + stored.row.severity + "\" is not known";
            } else {
                stored.rule =
                    Rule{stored.row.id,     stored.row.name,
                         parsed->condition, parsed->durations,
                         *severity,         std::chrono::minutes{stored.row.cooldown_minutes}};
            }
        } catch (const JsonError& e) {
            stored.error = e.what();
        }
        rules.push_back(std::move(stored));
    }
    return rules;
}

}  // namespace chorus::alerts
