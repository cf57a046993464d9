// What a round writes about the alerts of rules, planned without a database.
#include "aggregator/alerts/round_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planned_rounds.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kCpu;
using build::one_minute_rule;
using build::PlannedRounds;
using build::system_of;
using build::system_rule;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RoundPlanTest : public testing::Test {
  protected:
    // A round in which that host reports a value.
    RoundPlan round_with(double value, double minute) {
        rounds_.fleet.batch("web-01", at(minute), {{kCpu, value}});
        return rounds_.round(minute);
    }
    PlannedRounds rounds_;
};

TEST_F(RoundPlanTest, WithoutRulesOnlyTheMomentIsWritten) {
    const auto plan = rounds_.plan(0);
    EXPECT_EQ(plan.at, at(0));
    EXPECT_EQ(plan.watermark.evaluated_at, at(0));
    EXPECT_THAT(plan.alerts, IsEmpty());
    EXPECT_THAT(plan.outcomes, IsEmpty());
    EXPECT_EQ(plan.rules, 0U);
}

TEST_F(RoundPlanTest, ABreachedSubjectOpensAnAlertWithWhatFiredIt) {
    const Uuid rule = rounds_.add(one_minute_rule("memory_usage_percent"));
    rounds_.fleet.batch("web-01", at(0), {{"memory_usage_percent", 91}});
    const auto plan = rounds_.plan(0);
    ASSERT_THAT(plan.alerts, SizeIs(1));
    const auto& planned = plan.alerts[0];
    EXPECT_EQ(planned.alert.title, "High CPU Usage - memory_usage_percent Alert");
    EXPECT_EQ(planned.alert.rule_id, rule);
    EXPECT_EQ(planned.alert.severity, Severity::high);
    EXPECT_EQ(planned.host_id, rounds_.fleet.host("web-01").id);
    EXPECT_EQ(planned.ranked_by, store::Resource::memory);
    const auto& fired = std::get<FiringFacts>(planned.metadata.value().fired);
    EXPECT_EQ(fired.at, at(0));
    EXPECT_EQ(fired.value, 91);
    EXPECT_EQ(fired.threshold, 85);
    EXPECT_EQ(fired.text, planned.alert.description);
    ASSERT_THAT(plan.states, SizeIs(1));
    EXPECT_EQ(plan.states[0].subject, "web-01");
    EXPECT_EQ(plan.states[0].phase, "firing");
    EXPECT_EQ(plan.rules, 1U);
    EXPECT_EQ(plan.subjects, 1U);
}

TEST_F(RoundPlanTest, AnAlertThatGoesOnKeepsWhatFiredItAndTellsThePresent) {
    rounds_.add(one_minute_rule());
    const std::string fired_text = round_with(91, 0).alerts.at(0).alert.description.value_or("");
    const auto plan = round_with(95, 1);
    ASSERT_THAT(plan.alerts, SizeIs(1));
    const auto& planned = plan.alerts[0];
    EXPECT_EQ(planned.alert.description,
              fired_text + " At 2026-01-05 12:01:00 UTC it was 95 (> 85).");
    EXPECT_EQ(planned.host_id, 0) << "its processes are those of the moment when it fired";
    const auto json = metadata_json(planned.metadata.value());
    EXPECT_THAT(json, HasSubstr(R"("current_value":95)"));
    EXPECT_THAT(json, HasSubstr(R"("fired":{"text":"as stored"},"top_processes":["as stored"]})"));
}

TEST_F(RoundPlanTest, AnAlertFromBeforeThatWasKeptSaysSinceWhenItIsOpen) {
    rounds_.add(one_minute_rule());
    round_with(91, 0);
    auto& open = rounds_.memory.open.begin()->second;
    open.fired_json.reset();
    open.fired_text.reset();
    const auto plan = round_with(95, 1);
    EXPECT_THAT(plan.alerts.at(0).alert.description.value_or(""),
                testing::StartsWith("Open since 2026-01-05 12:00:00 UTC."));
    EXPECT_THAT(metadata_json(plan.alerts[0].metadata.value()),
                testing::Not(HasSubstr(R"("fired")")));
}

TEST_F(RoundPlanTest, AClearedValueResolvesTheAlertAndSaysSo) {
    const Uuid rule = rounds_.add(one_minute_rule());
    round_with(91, 0);
    const auto* open = rounds_.open("system_metric");
    ASSERT_NE(open, nullptr);
    const Uuid id = open->id;
    const auto plan = round_with(10, 1);
    ASSERT_THAT(plan.resolutions, SizeIs(1));
    EXPECT_EQ(plan.resolutions[0].alert_id, id);
    EXPECT_EQ(plan.resolutions[0].to, store::AlertStatus::resolved);
    EXPECT_EQ(plan.resolutions[0].actor, "rule:High CPU Usage");
    EXPECT_EQ(plan.resolutions[0].by, "auto");
    EXPECT_EQ(plan.resolutions[0].comment, std::nullopt);
    ASSERT_THAT(plan.refreshes, SizeIs(1));
    EXPECT_THAT(plan.refreshes[0].description, testing::EndsWith("it was 10: the alert ended."));
    EXPECT_THAT(plan.refreshes[0].metadata_json.value_or(""), HasSubstr(R"("current_value":10)"));
    EXPECT_EQ(plan.refreshes[0].severity, std::nullopt);
    EXPECT_THAT(plan.forgotten, SizeIs(1));
    EXPECT_EQ(plan.forgotten.at(0).rule_id, rule);
    EXPECT_EQ(rounds_.open("system_metric"), nullptr);
}

TEST_F(RoundPlanTest, ASubjectThatIsGoneResolvesItsAlertWithoutNewMetadata) {
    rounds_.add(one_minute_rule("disk_usage_percent"));
    rounds_.fleet.batch("web-01", at(0), {{"disk_usage_percent", 91, "/var"}});
    rounds_.round(0);
    rounds_.fleet.batch("web-01", at(2), {{"disk_usage_percent", 10, "/srv"}});
    const auto plan = rounds_.round(2);
    ASSERT_THAT(plan.resolutions, SizeIs(1));
    EXPECT_EQ(plan.resolutions[0].by, "auto");
    EXPECT_EQ(plan.resolutions[0].comment, "gone");
    ASSERT_THAT(plan.refreshes, SizeIs(1));
    EXPECT_EQ(plan.refreshes[0].metadata_json, std::nullopt);
}

TEST_F(RoundPlanTest, WithoutDataAnAlertIsMarkedStaleUntilThereIsSome) {
    rounds_.add(one_minute_rule());
    round_with(91, 0);
    const Uuid id = rounds_.open("system_metric")->id;
    auto plan = rounds_.round(5);
    ASSERT_THAT(plan.stale_marks, SizeIs(1));
    EXPECT_EQ(plan.stale_marks[0].alert_id, id);
    EXPECT_TRUE(plan.stale_marks[0].stale);
    EXPECT_THAT(plan.resolutions, IsEmpty());
    EXPECT_EQ(plan.outcomes.at(0).state, "firing");
    EXPECT_THAT(rounds_.round(6).stale_marks, IsEmpty());
    plan = round_with(91, 7);
    ASSERT_THAT(plan.stale_marks, SizeIs(1));
    EXPECT_EQ(plan.stale_marks[0].alert_id, id);
    EXPECT_FALSE(plan.stale_marks[0].stale);
}

TEST_F(RoundPlanTest, TheOutcomeOfARuleIsThatOfItsWorstSubject) {
    Rule rule = one_minute_rule();
    rule.durations.hold = minutes{1};
    rounds_.add(rule);
    const auto outcome = [](const RoundPlan& plan) {
        const auto& one = plan.outcomes.at(0);
        return one.state + (one.triggered ? " triggered" : "");
    };
    EXPECT_EQ(outcome(rounds_.round(0)), "no_data");
    EXPECT_EQ(outcome(round_with(10, 1)), "ok");
    EXPECT_EQ(outcome(round_with(91, 2)), "pending");
    EXPECT_EQ(outcome(round_with(91, 3)), "firing triggered");
    EXPECT_EQ(outcome(round_with(91, 4)), "firing");
}

TEST_F(RoundPlanTest, ARuleThatWasChangedOrDeletedMeanwhileWaitsForTheNextRound) {
    const Uuid changed = rounds_.add(one_minute_rule()), deleted = rounds_.add(one_minute_rule());
    rounds_.fleet.batch("web-01", at(0), {{kCpu, 91}});
    rounds_.memory.versions.at(changed) = at(-1);
    rounds_.memory.versions.erase(deleted);
    const auto plan = rounds_.plan(0);
    EXPECT_THAT(plan.alerts, IsEmpty());
    EXPECT_THAT(plan.outcomes, IsEmpty());
    EXPECT_EQ(plan.rules, 0U);
    rounds_.stored(changed).row.updated_at = at(-1);
    EXPECT_THAT(rounds_.plan(0).alerts, SizeIs(1));
}

TEST_F(RoundPlanTest, ARuleThatIsSwitchedOffEndsItsAlertsAndForgetsItsSubjects) {
    const Uuid off = rounds_.add(one_minute_rule());
    rounds_.add(one_minute_rule());
    round_with(91, 0);
    ASSERT_THAT(rounds_.memory.open, SizeIs(2));
    rounds_.stored(off).row.is_active = false;
    const auto plan = round_with(91, 1);
    ASSERT_THAT(plan.resolutions, SizeIs(1));
    EXPECT_EQ(plan.resolutions[0].by, "rule_disabled");
    EXPECT_EQ(plan.resolutions[0].comment, "rule_disabled");
    EXPECT_EQ(plan.resolutions[0].actor, "evaluator");
    ASSERT_THAT(plan.forgotten, SizeIs(1));
    EXPECT_EQ(plan.forgotten[0].rule_id, off);
    EXPECT_EQ(plan.rules, 1U);
    EXPECT_NE(rounds_.open("system_metric"), nullptr) << "of the other rule";
}

TEST_F(RoundPlanTest, AServiceThatIsNotCheckedAnyMoreIsNotJudged) {
    rounds_.add(build::service_rule("*"));
    rounds_.memory.watermark = {at(-1), at(-600)};
    auto& service = rounds_.fleet.service("chat", Service::Status::unhealthy);
    service.heard_at = at(-29);
    EXPECT_EQ(rounds_.plan(0).subjects, 1U);
    service.heard_at = at(-31);
    EXPECT_EQ(rounds_.plan(0).subjects, 0U);
    service.hostname = "web-01";
    EXPECT_EQ(rounds_.plan(0).subjects, 1U) << "what an agent checks goes with the agent's list";
    service.hostname.clear();
    rounds_.memory.watermark.resumed_at = at(-29);
    EXPECT_EQ(rounds_.plan(0).subjects, 1U) << "nobody can have heard of it before";
}

TEST(RoundPlan, ARoundThatSomebodyElseMadeIsNotMadeAgain) {
    const seconds period{60};
    EXPECT_FALSE(is_evaluated({}, at(0), period));
    EXPECT_FALSE(is_evaluated({at(-1), {}}, at(0), period));
    EXPECT_TRUE(is_evaluated({at(0), {}}, at(0), period));
    EXPECT_TRUE(is_evaluated({at(0.9), {}}, at(0), period));
    EXPECT_FALSE(is_evaluated({at(1), {}}, at(0), period)) << "the clock was put back";
}

}  // namespace
}  // namespace chorus::alerts
