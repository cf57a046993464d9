// Rules between the database and the evaluator.
#include "aggregator/rules/stored_rules.h"

#include <gtest/gtest.h>

namespace chorus::alerts {
namespace {

using std::chrono::minutes;

store::RuleRow row(const std::string& type, const std::string& condition) {
    store::RuleRow row;
    row.id = *Uuid::parse("0f0e0d0c-0b0a-4908-8706-050403020100");
    row.name = "r";
    row.rule_type = type;
    row.condition_json = condition;
    row.severity = "high";
    row.cooldown_minutes = 15;
    return row;
}

StoredRule read(const store::RuleRow& row) {
    return read_rules({row}, {5000, {}}).at(0);
}

TEST(StoredRules, TheExamplesOfTheOriginalAreEvaluated) {
    const auto system = read(row(
        "system_metric",
        R"({"metric_type":"cpu_usage_percent","operator":">","threshold":85.0,"time_window_minutes":5})"));
    ASSERT_TRUE(system.rule) << system.error;
    EXPECT_EQ(limit_of(system.rule->condition)->threshold, 85);
    EXPECT_EQ(system.rule->cooldown, minutes{15});
    EXPECT_EQ(system.rule->severity, Severity::high);
    const auto service = read(
        row("service_health", R"({"service_name":"chat-service","max_response_time_ms":5000})"));
    ASSERT_TRUE(service.rule) << service.error;
    const auto process = read(row(
        "process_metric",
        R"({"process_name":"python","metric_field":"memory_percent","operator":">","threshold":80.0})"));
    ASSERT_TRUE(process.rule) << process.error;
    EXPECT_EQ(limit_of(process.rule->condition)->window, minutes{5});
}

TEST(StoredRules, ARuleThatCannotBeEvaluatedSaysWhyAndOthersAreRead) {
    const std::string good = R"({"metric_type":"m","threshold":1})";
    auto odd_severity = row("system_metric", good);
    odd_severity.severity = "urgent";
    const auto rules =
        read_rules({row("system_metric", R"({"metric_type":"m","operator":"=>"})"),
                    row("cpu", good), row("system_metric", "[]"), row("system_metric", "{"),
                    odd_severity, row("system_metric", good)},
                   {});
    ASSERT_EQ(rules.size(), 6U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_FALSE(rules[i].rule) << i;
        EXPECT_FALSE(rules[i].error.empty()) << i;
    }
    EXPECT_EQ(rules[0].error,
              "condition.operator: String should match pattern '^(>|<|>=|<=|==|!=)$'; "
              "condition.threshold: Field required");
    EXPECT_EQ(rules[1].error, "rule_type \"cpu\" is not known");
    EXPECT_EQ(rules[4].error, "severity \"urgent\" is not known");
    EXPECT_TRUE(rules[5].rule) << rules[5].error;
}

}  // namespace
}  // namespace chorus::alerts
