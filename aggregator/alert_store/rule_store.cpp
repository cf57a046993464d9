#include "aggregator/alert_store/rule_store.h"

#include <stdexcept>

namespace chorus::store {
namespace {

#define CHORUS_RULE_COLUMNS                                                                       \
    "id, name, description, rule_type, condition, severity, notification_channels, "              \
    "cooldown_minutes, is_active, created_at, updated_at, last_triggered_at, state, last_error, " \
    "stock"
#define CHORUS_RULE_FILTER                                     \
    " FROM monitoring.alert_rules WHERE (NOT $1 OR is_active)" \
    " AND ($2::text IS NULL OR rule_type = $2)"

constexpr Statement kList{"rules_list", "SELECT " CHORUS_RULE_COLUMNS CHORUS_RULE_FILTER
                                        " ORDER BY name, id LIMIT $3 OFFSET $4"};
constexpr Statement kCountRules{"rules_count", "SELECT count(*)" CHORUS_RULE_FILTER};
constexpr Statement kFindRule{
    "rule_find", "SELECT " CHORUS_RULE_COLUMNS " FROM monitoring.alert_rules WHERE id = $1"};
constexpr Statement kFindRuleForUpdate{"rule_find_for_update",
                                       "SELECT " CHORUS_RULE_COLUMNS
                                       " FROM monitoring.alert_rules WHERE id = $1 FOR UPDATE"};

constexpr Statement kInsertRule{"rule_insert", R"sql(
INSERT INTO monitoring.alert_rules (
    name, description, rule_type, condition, severity, notification_channels, cooldown_minutes,
    is_active, name_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, monitoring.rule_name_key($1))
RETURNING )sql" CHORUS_RULE_COLUMNS};

// A rule of the program that a user changed is the user's.
constexpr Statement kUpdateRule{"rule_update", R"sql(
UPDATE monitoring.alert_rules
SET name = $1, description = $2, rule_type = $3, condition = $4, severity = $5,
    notification_channels = $6, cooldown_minutes = $7, is_active = $8,
    name_key = CASE WHEN name = $1 THEN name_key ELSE monitoring.rule_name_key($1) END,
    stock_key = NULL,
    state = CASE WHEN condition = $4 THEN state ELSE 'unknown' END,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $9
RETURNING )sql" CHORUS_RULE_COLUMNS};

constexpr Statement kDeleteRule{"rule_delete", "DELETE FROM monitoring.alert_rules WHERE id = $1"};

constexpr const char* kSeed = R"sql(
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[],
                         $7::int[])
        AS g(stock_key, name, description, rule_type, condition, severity, cooldown_minutes)
), made AS (
    INSERT INTO monitoring.stock_rules (stock_key) SELECT stock_key FROM given
    ON CONFLICT DO NOTHING
    RETURNING stock_key
), refreshed AS (
    UPDATE monitoring.alert_rules r
    SET condition = g.condition, description = g.description, severity = g.severity,
        cooldown_minutes = g.cooldown_minutes, updated_at = clock_timestamp()
    FROM given g
    WHERE r.stock_key = g.stock_key
      AND (r.condition, r.description, r.severity, r.cooldown_minutes)
          IS DISTINCT FROM (g.condition, g.description, g.severity::varchar, g.cooldown_minutes)
)
INSERT INTO monitoring.alert_rules (
    name, description, rule_type, condition, severity, cooldown_minutes, name_key, stock_key, stock)
SELECT g.name, g.description, g.rule_type, g.condition, g.severity, g.cooldown_minutes,
       monitoring.rule_name_key(g.name), g.stock_key, true
FROM given g JOIN made USING (stock_key)
ON CONFLICT DO NOTHING
)sql";

RuleRow read_rule(const Row& row) {
    RuleRow rule;
    rule.id = row.uuid(0);
    rule.name = row.text(1);
    rule.description = row.optional_text(2);
    rule.rule_type = row.text(3);
    rule.condition_json = row.text(4);
    rule.severity = row.text(5);
    rule.notification_channels_json = row.text(6);
    rule.cooldown_minutes = row.int4(7);
    rule.is_active = row.boolean(8);
    rule.created_at = row.timestamp(9);
    rule.updated_at = row.timestamp(10);
    rule.last_triggered_at = row.optional_timestamp(11);
    rule.state = row.text(12);
    rule.last_error = row.optional_text(13);
    rule.stock = row.boolean(14);
    return rule;
}

Parameters written(const RuleRow& rule) {
    Parameters parameters;
    parameters.text(rule.name)
        .text(rule.description)
        .text(rule.rule_type)
        .json(rule.condition_json)
        .text(rule.severity)
        .json(rule.notification_channels_json)
        .int4(rule.cooldown_minutes)
        .boolean(rule.is_active);
    return parameters;
}

RuleRow stored(Session& session, const Statement& statement, const Parameters& parameters) {
    try {
        return read_rule(session.execute(statement, parameters)[0]);
    } catch (const DatabaseError& e) {
        if (e.sqlstate() == sqlstate::kUniqueViolation) throw RuleNameTaken{};
        throw;
    }
}

}  // namespace

std::vector<RuleRow> list_rules(Session& session, const RuleQuery& query) {
    std::vector<RuleRow> rules;
    for (const auto row : session.execute(kList, Parameters{}
                                                     .boolean(query.active_only)
                                                     .text(query.rule_type)
                                                     .int8(query.limit)
                                                     .int8(query.offset))) {
        rules.push_back(read_rule(row));
    }
    return rules;
}

std::int64_t count_rules(Session& session, const RuleQuery& query) {
    return session
        .execute(kCountRules, Parameters{}.boolean(query.active_only).text(query.rule_type))[0]
        .int8(0);
}

std::optional<RuleRow> find_rule(Session& session, const Uuid& id, bool for_update) {
    const auto rows =
        session.execute(for_update ? kFindRuleForUpdate : kFindRule, Parameters{}.uuid(id));
    if (rows.empty()) return std::nullopt;
    return read_rule(rows[0]);
}

RuleRow insert_rule(Session& session, const RuleRow& rule) {
    return stored(session, kInsertRule, written(rule));
}

RuleRow update_rule(Session& session, const RuleRow& rule) {
    return stored(session, kUpdateRule, written(rule).uuid(rule.id));
}

bool delete_rule(Session& session, const Uuid& id) {
    return session.execute(kDeleteRule, Parameters{}.uuid(id)).affected() > 0;
}

int seed_stock_rules(Session& session, const std::vector<StockRule>& rules) {
    std::vector<std::string> keys, names, descriptions, types, conditions, severities;
    std::vector<std::int32_t> cooldowns;
    for (const auto& [key, rule] : rules) {
        keys.push_back(key);
        names.push_back(rule.name);
        descriptions.push_back(rule.description.value_or(""));
        types.push_back(rule.rule_type);
        conditions.push_back(rule.condition_json);
        severities.push_back(rule.severity);
        cooldowns.push_back(rule.cooldown_minutes);
    }
    const auto result = session.execute_once(kSeed, Parameters{}
                                                        .text_array(std::span{keys})
                                                        .text_array(std::span{names})
                                                        .text_array(std::span{descriptions})
                                                        .text_array(std::span{types})
                                                        .json_array(std::span{conditions})
                                                        .text_array(std::span{severities})
                                                        .int4_array(std::span{cooldowns}));
    return static_cast<int>(result.affected());
}

}  // namespace chorus::store
