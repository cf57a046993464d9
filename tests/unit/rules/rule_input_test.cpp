// Rules as clients write them.
#include "aggregator/rules/rule_input.h"
#include "common/json/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace chorus::alerts {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RuleContext context() {
    return {5000, [](std::string_view channel) { return channel == "webhook:ops"; }};
}

// "type /body/condition/threshold" of each fault.
std::vector<std::string> types_and_places(const FieldErrors& errors) {
    std::vector<std::string> all;
    for (const auto& error : errors.list()) {
        std::string text = error.type + " ";
        for (const auto& step : error.location) {
            text += '/';
            text += std::holds_alternative<std::string>(step)
                        ? std::get<std::string>(step)
                        : std::to_string(std::get<std::int64_t>(step));
        }
        all.push_back(text);
    }
    return all;
}

RuleDraft accepted(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    RuleDraft draft = parse_rule(reader.parse(json), context(), errors);
    EXPECT_THAT(types_and_places(errors), IsEmpty()) << json;
    return draft;
}

std::vector<std::string> faults(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    parse_rule(reader.parse(json), context(), errors);
    return types_and_places(errors);
}

std::vector<std::string> condition_faults(const std::string& type, const std::string& condition) {
    return faults(R"({"name":"r","severity":"high","rule_type":")" + type + R"(","condition":)" +
                  condition + "}");
}

TEST(RuleInput, TheExampleOfASystemRuleIsTakenAsWritten) {
    const auto rule = accepted(
        R"({"name":"High CPU Usage","rule_type":"system_metric","condition":{"metric_type":"cpu_usage_percent","operator":">","threshold":85.0,"time_window_minutes":5},"severity":"high","cooldown_minutes":15})");
    const auto& condition = std::get<SystemMetricCondition>(rule.condition);
    EXPECT_EQ(condition.metric_type, "cpu_usage_percent");
    EXPECT_EQ(condition.limit.op, Operator::greater);
    EXPECT_EQ(condition.limit.threshold, 85.0);
    EXPECT_EQ(condition.limit.window, std::chrono::minutes{5});
    EXPECT_EQ(condition.limit.aggregation, Aggregation::average);
    EXPECT_EQ(rule.severity, Severity::high);
    EXPECT_EQ(rule.cooldown_minutes, 15);
    EXPECT_TRUE(rule.is_active);
    EXPECT_EQ(
        rule.condition_json,
        R"({"metric_type":"cpu_usage_percent","operator":">","threshold":85.0,"time_window_minutes":5})");
}

TEST(RuleInput, ARuleOverFiveMinutesOrMoreNeedsSamplesOverHalfOfThem) {
    const auto coverage = [](const std::string& more) {
        const auto rule = accepted(
            R"({"name":"r","rule_type":"system_metric","severity":"low","condition":{"metric_type":"cpu_usage_percent","threshold":80)" +
            more + "}}");
        return std::get<SystemMetricCondition>(rule.condition).limit.min_coverage;
    };
    EXPECT_EQ(coverage(""), 0.5);  // the window is five minutes unless the rule says another
    EXPECT_EQ(coverage(R"(,"time_window_minutes":5)"), 0.5);
    EXPECT_EQ(coverage(R"(,"time_window_minutes":4)"), 0);
    EXPECT_EQ(coverage(R"(,"time_window_minutes":60)"), 0.5);
    EXPECT_EQ(coverage(R"(,"time_window_minutes":60,"aggregation":"sum")"), 0);
    EXPECT_EQ(coverage(R"(,"time_window_minutes":60,"aggregation":"last")"), 0);
    EXPECT_EQ(coverage(R"(,"time_window_minutes":60,"min_coverage":0)"), 0);
}

// A rule about young processes must judge them before they are as old as half of the window.
TEST(RuleInput, ARuleAboutTheAgeOfProcessesJudgesTheFirstSample) {
    const auto coverage = [](const std::string& more) {
        const auto rule = accepted(
            R"({"name":"r","rule_type":"process_metric","severity":"low","condition":{"process_name":"a","threshold":60)" +
            more + "}}");
        return std::get<ProcessMetricCondition>(rule.condition).limit.min_coverage;
    };
    EXPECT_EQ(coverage(""), 0.5);
    EXPECT_EQ(coverage(R"(,"metric_field":"uptime_seconds")"), 0);
    EXPECT_EQ(coverage(R"(,"metric_field":"uptime_seconds","time_window_minutes":60)"), 0);
    EXPECT_EQ(coverage(R"(,"metric_field":"uptime_seconds","min_coverage":0.3)"), 0.3);
}

TEST(RuleInput, TheExampleOfAServiceRuleIsTakenAsWritten) {
    const auto rule = accepted(
        R"({"name":"Chat Service Down","rule_type":"service_health","condition":{"service_name":"chat-service","max_response_time_ms":5000},"severity":"critical","cooldown_minutes":5})");
    const auto& condition = std::get<ServiceHealthCondition>(rule.condition);
    EXPECT_EQ(condition.service_name, "chat-service");
    EXPECT_EQ(condition.max_response_time_ms, 5000);
}

TEST(RuleInput, TheExampleOfAProcessRuleIsTakenAsWritten) {
    const auto rule = accepted(
        R"({"name":"High Python Memory Usage","rule_type":"process_metric","condition":{"process_name":"python","metric_field":"memory_percent","operator":">","threshold":80.0},"severity":"medium","cooldown_minutes":10})");
    const auto& condition = std::get<ProcessMetricCondition>(rule.condition);
    EXPECT_EQ(condition.process_name, "python");
    EXPECT_EQ(condition.field, ProcessField::memory_percent);
    EXPECT_EQ(condition.limit.window, std::chrono::minutes{5});
}

TEST(RuleInput, EverythingThatWasAddedIsRead) {
    const auto rule = accepted(
        R"({"name":"r","rule_type":"system_metric","severity":"low","notification_channels":["webhook:ops"],
            "condition":{"metric_type":"disk_usage_percent","label":"/var*","tags":{"mountpoint":"/*"},
            "hostname":"web-*","host_labels":{"role":"db"},"operator":">=","threshold":80,"aggregation":"p95",
            "clear_threshold":70,"critical_threshold":95,"critical_severity":"high","for_minutes":3,
            "keep_firing_minutes":4,"min_coverage":0.5,"auto_resolve":false}})");
    const auto& condition = std::get<SystemMetricCondition>(rule.condition);
    EXPECT_EQ(condition.label, "/var*");
    EXPECT_THAT(condition.tags, ElementsAre(std::pair{"mountpoint", "/*"}));
    EXPECT_EQ(condition.limit.hosts.hostname, "web-*");
    EXPECT_THAT(condition.limit.hosts.labels, ElementsAre(std::pair{"role", "db"}));
    EXPECT_EQ(condition.limit.aggregation, Aggregation::p95);
    EXPECT_EQ(condition.limit.clear_threshold, 70);
    EXPECT_EQ(condition.limit.escalation->threshold, 95);
    EXPECT_EQ(condition.limit.escalation->severity, Severity::high);
    EXPECT_EQ(condition.limit.min_coverage, 0.5);
    EXPECT_EQ(rule.durations.hold, std::chrono::minutes{3});
    EXPECT_EQ(rule.durations.keep_firing_for, std::chrono::minutes{4});
    EXPECT_FALSE(rule.durations.auto_resolve);
    EXPECT_THAT(rule.notification_channels, ElementsAre("webhook:ops"));
}

TEST(RuleInput, NumbersMayComeAsText) {
    const auto rule = accepted(
        R"({"name":"r","rule_type":"system_metric","severity":"low","cooldown_minutes":"7","is_active":"off",
            "condition":{"metric_type":"m","threshold":"85.5"}})");
    EXPECT_EQ(std::get<SystemMetricCondition>(rule.condition).limit.threshold, 85.5);
    EXPECT_EQ(rule.cooldown_minutes, 7);
    EXPECT_FALSE(rule.is_active);
}

TEST(RuleInput, FieldsOfTheRuleThatNobodyKnowsAreIgnored) {
    accepted(R"({"name":"r","rule_type":"system_metric","severity":"low","colour":1,
                 "condition":{"metric_type":"m","threshold":1}})");
}

TEST(RuleInput, AllThatIsMissingIsToldAtOnce) {
    EXPECT_THAT(faults("{}"), ElementsAre("missing /body/name", "missing /body/rule_type",
                                          "missing /body/severity", "missing /body/condition"));
    EXPECT_THAT(
        condition_faults("system_metric", "{}"),
        ElementsAre("missing /body/condition/metric_type", "missing /body/condition/threshold"));
    EXPECT_THAT(condition_faults("service_health", "{}"),
                ElementsAre("missing /body/condition/service_name"));
    EXPECT_THAT(condition_faults("host_silent", "[]"), ElementsAre("dict_type /body/condition"));
}

TEST(RuleInput, WrongValuesAreToldWithTheirPlace) {
    const auto system = [](const std::string& more) {
        return condition_faults("system_metric", R"({"metric_type":"m",)" + more + "}");
    };
    EXPECT_THAT(system(R"("threshold":1,"operator":"=>")"),
                ElementsAre("string_pattern_mismatch /body/condition/operator"));
    EXPECT_THAT(system(R"("threshold":"abc")"),
                ElementsAre("float_parsing /body/condition/threshold"));
    EXPECT_THAT(system(R"("threshold":"nan")"),
                ElementsAre("float_parsing /body/condition/threshold"));
    EXPECT_THAT(system(R"("threshold":null)"), ElementsAre("float_type /body/condition/threshold"));
    EXPECT_THAT(system(R"("threshold":1,"time_window_minutes":0)"),
                ElementsAre("greater_than_equal /body/condition/time_window_minutes"));
    EXPECT_THAT(system(R"("threshold":1,"time_window_minutes":1441)"),
                ElementsAre("less_than_equal /body/condition/time_window_minutes"));
    EXPECT_THAT(system(R"("threshold":1,"aggregation":"max","time_window_minutes":1440)"),
                ElementsAre());
    EXPECT_THAT(system(R"("threshold":1,"aggregation":"sum","time_window_minutes":60)"),
                ElementsAre());
    EXPECT_THAT(system(R"("threshold":1,"aggregation":"sum","time_window_minutes":61)"),
                ElementsAre("value_error /body/condition/time_window_minutes"));
    EXPECT_THAT(condition_faults("process_metric", R"({"process_name":"x","threshold":1,
                                 "aggregation":"sum","time_window_minutes":11})"),
                ElementsAre("value_error /body/condition/time_window_minutes"));
    EXPECT_THAT(system(R"("threshold":1,"multiplied_by":100)"),
                ElementsAre("value_error /body/condition/multiplied_by"));
    EXPECT_THAT(system(R"("threshold":1,"divided_by":"b","aggregation":"max")"),
                ElementsAre("value_error /body/condition/aggregation"));
    EXPECT_THAT(system(R"("threshold":1,"divided_by":5,"least_divisor":"x")"),
                ElementsAre("string_type /body/condition/divided_by",
                            "float_parsing /body/condition/least_divisor"));
    EXPECT_THAT(system(R"("threshold":90,"clear_threshold":95)"),
                ElementsAre("value_error /body/condition/clear_threshold"));
    EXPECT_THAT(system(R"("threshold":90,"critical_threshold":80)"),
                ElementsAre("value_error /body/condition/critical_threshold"));
    EXPECT_THAT(system(R"("threshold":90,"min_coverage":1.5)"),
                ElementsAre("less_than_equal /body/condition/min_coverage"));
    EXPECT_THAT(condition_faults("process_metric",
                                 R"({"process_name":"x","threshold":1,"metric_field":"colour"})"),
                ElementsAre("string_pattern_mismatch /body/condition/metric_field"));
}

TEST(RuleInput, MembersOfAnotherTypeAreRefused) {
    EXPECT_THAT(condition_faults("system_metric",
                                 R"({"metric_type":"m","threshold":1,"process_name":"x"})"),
                ElementsAre("unexpected_field /body/condition/process_name"));
    EXPECT_THAT(condition_faults("service_health", R"({"service_name":"x","threshold":1})"),
                ElementsAre("unexpected_field /body/condition/threshold"));
}

TEST(RuleInput, MembersThatNobodyKnowsAreRefusedWhenARuleIsWritten) {
    EXPECT_THAT(condition_faults("process_metric",
                                 R"({"process_name":"x","threshold":1,"username":"root",
                                     "container_id":"c"})"),
                ElementsAre("extra_forbidden /body/condition/username",
                            "extra_forbidden /body/condition/container_id"));
    EXPECT_THAT(condition_faults("system_metric",
                                 R"({"metric_type":"m","treshold":1,"tags":{"any":"thing"},
                                     "for_minutes":1,"keep_firing_minutes":1,"auto_resolve":true})"),
                ElementsAre("missing /body/condition/threshold",
                            "extra_forbidden /body/condition/treshold"));
    JsonReader reader;
    FieldErrors errors;
    parse_rule_change(reader.parse(R"({"condition":{"service_name":"x","faults":"any"}})"),
                      "service_health", context(), errors);
    EXPECT_THAT(types_and_places(errors), ElementsAre("extra_forbidden /body/condition/faults"));
    EXPECT_NE(errors.list()[0].message.find("did you mean fault?"), std::string::npos);
}

TEST(RuleInput, StoredRulesGoOnIgnoringThem) {
    JsonReader reader;
    FieldErrors errors;
    EXPECT_TRUE(parse_condition(
        "service_health", reader.parse(R"({"service_name":"x","user":"y"})"), context(), errors));
    EXPECT_THAT(types_and_places(errors), IsEmpty());
}

TEST(RuleInput, OneFaultMakesNoOthers) {
    EXPECT_THAT(condition_faults("system_metric",
                                 R"({"metric_type":"m","threshold":"x","clear_threshold":70})"),
                ElementsAre("float_parsing /body/condition/threshold"));
    EXPECT_THAT(condition_faults(
                    "system_metric",
                    R"({"metric_type":"m","operator":"=<","threshold":10,"clear_threshold":20})"),
                ElementsAre("string_pattern_mismatch /body/condition/operator"));
}

TEST(RuleInput, FieldsOfARuleThatNobodyKnowsAreToldOnDemand) {
    JsonReader reader;
    FieldErrors errors;
    refuse_unknown_rule_members(reader.parse(R"({"name":"x","cooldown":1})"), errors);
    EXPECT_THAT(types_and_places(errors), ElementsAre("extra_forbidden /body/cooldown"));
}

TEST(RuleInput, BadMembersOfTheRuleItselfAreRefused) {
    const std::string good = R"(,"condition":{"metric_type":"m","threshold":1})";
    EXPECT_THAT(
        faults(R"({"name":"","rule_type":"system_metric","severity":"HIGH","cooldown_minutes":-1)" +
               good + "}"),
        ElementsAre("string_too_short /body/name", "greater_than_equal /body/cooldown_minutes",
                    "string_pattern_mismatch /body/severity"));
    EXPECT_THAT(
        faults(R"({"name":")" + std::string(256, 'x') + R"(","rule_type":"cpu","severity":"high")" +
               good + "}"),
        ElementsAre("string_too_long /body/name", "string_pattern_mismatch /body/rule_type"));
    EXPECT_THAT(faults(R"({"name":"r","rule_type":"system_metric","severity":"low",
                           "notification_channels":["webhook:ops","pigeon"])" +
                       good + "}"),
                ElementsAre("unknown_channel /body/notification_channels/1"));
}

TEST(RuleInput, NamesAreMeasuredInCharacters) {
    std::string name;
    for (int i = 0; i < 255; ++i) name += "ü";
    EXPECT_EQ(
        accepted(
            R"({"name":")" + name +
            R"(","rule_type":"service_health","severity":"low","condition":{"service_name":"x"}})")
            .name,
        name);
}

TEST(RuleInput, PatternsThatCostTooMuchAreRefused) {
    EXPECT_THAT(condition_faults("process_metric", R"({"threshold":1,"process_name":")" +
                                                       std::string(10'000, '*') + R"("})"),
                ElementsAre("pattern_too_complex /body/condition/process_name"));
    EXPECT_THAT(
        condition_faults("system_metric", R"({"metric_type":"m","threshold":1,"hostname":")" +
                                              std::string(17, '*') + R"("})"),
        ElementsAre("pattern_too_complex /body/condition/hostname"));
}

std::vector<std::string> change_faults(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    parse_rule_change(reader.parse(json), "system_metric", context(), errors);
    return types_and_places(errors);
}

TEST(RuleInput, AChangeReadsOnlyWhatIsThere) {
    JsonReader reader;
    FieldErrors errors;
    EXPECT_TRUE(parse_rule_change(reader.parse("{}"), "system_metric", context(), errors).empty());
    const auto change =
        parse_rule_change(reader.parse(R"({"name":"new","description":null,"is_active":false})"),
                          "system_metric", context(), errors);
    EXPECT_EQ(change.name, "new");
    EXPECT_TRUE(change.description.has_value());
    EXPECT_FALSE(change.description->has_value());
    EXPECT_EQ(change.is_active, false);
    EXPECT_FALSE(change.severity);
    EXPECT_TRUE(errors.empty());
}

TEST(RuleInput, AChangeRefusesNullAndOtherTypes) {
    EXPECT_THAT(change_faults(R"({"name":null})"), ElementsAre("string_type /body/name"));
    EXPECT_THAT(change_faults(R"({"severity":null})"), ElementsAre("string_type /body/severity"));
    EXPECT_THAT(change_faults(R"({"condition":null})"), ElementsAre("dict_type /body/condition"));
    EXPECT_THAT(change_faults(R"({"rule_type":"service_health"})"),
                ElementsAre("value_error /body/rule_type"));
    EXPECT_THAT(
        change_faults(R"({"condition":{"service_name":"x"}})"),
        ElementsAre("unexpected_field /body/condition/service_name",
                    "missing /body/condition/metric_type", "missing /body/condition/threshold"));
}

}  // namespace
}  // namespace chorus::alerts
