// What a round opens and ends about the monitor itself, and how many alerts it opens at most.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/alerts/alert_limits.h"
#include "aggregator/alerts/self_monitoring.h"
#include "planned_rounds.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::kCpu;
using build::PlannedRounds;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<std::string> types(const std::vector<PlannedAlert>& alerts) {
    std::vector<std::string> all;
    for (const auto& planned : alerts) all.push_back(planned.alert.alert_type);
    return all;
}

TEST(RoundOfTheMonitorItself, TheFirstRoundBeginsToWatchAndIsNotLate) {
    PlannedRounds rounds;
    const auto plan = rounds.round(0);
    EXPECT_EQ(plan.watermark.resumed_at, at(0));
    EXPECT_THAT(plan.alerts, IsEmpty());
    EXPECT_EQ(rounds.round(2).watermark.resumed_at, at(0));
}

TEST(RoundOfTheMonitorItself, APauseOfMoreThanTwoPeriodsIsAlertedUntilTheNextRound) {
    PlannedRounds rounds;
    rounds.round(0);
    EXPECT_THAT(rounds.plan(2).alerts, IsEmpty());
    const auto plan = rounds.round(2.1);
    EXPECT_THAT(types(plan.alerts), ElementsAre("evaluator_late"));
    EXPECT_EQ(plan.alerts[0].alert.metadata_json, R"({"pause_seconds":126,"period_seconds":60})");
    EXPECT_EQ(plan.watermark.resumed_at, at(2.1)) << "the silence of hosts counts from then";
    const auto next = rounds.round(3);
    ASSERT_THAT(next.resolutions, SizeIs(1));
    EXPECT_EQ(next.resolutions[0].actor, "evaluator");
    EXPECT_EQ(next.resolutions[0].by, "auto");
    EXPECT_THAT(rounds.memory.open, IsEmpty());
}

TEST(RoundOfTheMonitorItself, ARuleThatCannotBeReadIsAlertedUntilItCan) {
    PlannedRounds rounds;
    const Uuid rule = rounds.add_broken("Old rule", "threshold: Field required");
    const auto plan = rounds.round(0);
    EXPECT_THAT(types(plan.alerts), ElementsAre("rule_error"));
    ASSERT_THAT(plan.outcomes, SizeIs(1));
    EXPECT_EQ(plan.outcomes[0].state, "error");
    EXPECT_EQ(plan.outcomes[0].error, "threshold: Field required");
    EXPECT_THAT(types(rounds.round(1).alerts), ElementsAre("rule_error")) << "counted once more";
    Rule repaired = build::system_rule();
    repaired.id = rule;
    rounds.stored(rule).rule = repaired;
    EXPECT_THAT(rounds.round(2).resolutions, SizeIs(1));
    EXPECT_THAT(rounds.memory.open, IsEmpty());
}

TEST(RoundOfTheMonitorItself, TheAlertOfAWrongClockEndsWhenItIsRightNotWhenTheHostIsSilent) {
    PlannedRounds rounds;
    rounds.fleet.batch("web-01", at(0), {});
    rounds.fleet.host("web-01").skew = minutes{10};
    EXPECT_THAT(types(rounds.round(0).alerts), ElementsAre("clock_skew"));
    auto plan = rounds.round(2);
    EXPECT_THAT(plan.alerts, IsEmpty());
    EXPECT_THAT(plan.resolutions, IsEmpty()) << "nothing is known of it";
    rounds.fleet.batch("web-01", at(3), {});
    rounds.fleet.host("web-01").skew = minutes{0};
    EXPECT_THAT(rounds.round(3).resolutions, SizeIs(1));
}

TEST(RoundOfTheMonitorItself, AnAlertOfTheSameTypeThatAPersonOpenedStays) {
    PlannedRounds rounds;
    store::OpenAlert alert;
    alert.alert_type = "evaluator_late";
    alert.source = "evaluator";
    alert.fingerprint = store::alert_fingerprint("api", "evaluator", "1");
    rounds.memory.open.emplace(alert.fingerprint, alert);
    EXPECT_THAT(rounds.round(0).resolutions, IsEmpty());
}

// Hosts h0, h1, ... that are over the threshold.
void breach(PlannedRounds& rounds, int hosts, double minute, double value = 91) {
    for (int i = 0; i < hosts; ++i) {
        rounds.fleet.batch("h" + std::to_string(i), at(minute), {{kCpu, value}});
    }
}

TEST(AlertLimits, NoMoreAlertsAreOpenedThanMayBeAndOneAlertSaysSo) {
    PlannedRounds rounds;
    rounds.options.most_open_alerts = 2;
    rounds.add(build::system_rule(kCpu));
    breach(rounds, 3, 0);
    const auto plan = rounds.round(0);
    EXPECT_THAT(types(plan.alerts),
                UnorderedElementsAre("system_metric", "system_metric", "alert_limit"));
    EXPECT_EQ(plan.alerts.back().alert.severity, Severity::critical);
    EXPECT_EQ(rounds.round(1).resolutions.size(), 0U) << "the limit is still reached";
}

TEST(AlertLimits, TheAlertOfALimitEndsWhenThereIsRoomAgain) {
    PlannedRounds rounds;
    rounds.options.most_open_alerts = 2;
    Rule rule = build::system_rule(kCpu);
    build::system_of(rule).limit.window = minutes{1};
    rounds.add(rule);
    breach(rounds, 3, 0);
    rounds.round(0);
    breach(rounds, 3, 2, 10);
    EXPECT_THAT(rounds.round(2).resolutions, SizeIs(2));
    ASSERT_NE(rounds.open("alert_limit"), nullptr) << "it was reached when that round began";
    rounds.round(3);
    EXPECT_EQ(rounds.open("alert_limit"), nullptr);
}

TEST(AlertLimits, OneHostTakesNoRoomFromTheOthers) {
    PlannedRounds rounds;
    Rule rule = build::system_rule("disk_usage_percent");
    rounds.add(rule);
    rounds.options.most_open_alerts = 1'000;
    std::vector<build::Value> disks;
    for (int i = 0; i < 120; ++i) disks.push_back({"disk_usage_percent", 91, std::to_string(i)});
    rounds.fleet.batch("big", at(0), disks);
    rounds.fleet.batch("small", at(0), {{"disk_usage_percent", 91, "/"}});
    const auto plan = rounds.round(0);
    EXPECT_THAT(plan.alerts, SizeIs(100 + 1 + 1));
    const auto* limit = rounds.open("alert_limit");
    ASSERT_NE(limit, nullptr);
    EXPECT_EQ(limit->hostname, "big");
    EXPECT_THAT(rounds.round(1).resolutions, IsEmpty()) << "the limit is still reached";
}

TEST(AlertLimits, ThatAHostIsSilentIsToldAlsoWhereItsLimitIsReached) {
    OpenAlerts open;
    for (int i = 0; i < 100; ++i) {
        store::OpenAlert alert;
        alert.rule_id = Uuid{};
        alert.hostname = "big";
        open.emplace(std::to_string(i), alert);
    }
    AlertLimits limits{1'000, open};
    Host host;
    host.hostname = "big";
    EXPECT_FALSE(limits.admit(build::system_rule().condition, {.host = &host}));
    EXPECT_TRUE(limits.admit(build::silence_rule().condition, {.host = &host}));
    EXPECT_THAT(limits.exceeded(), SizeIs(1));
    EXPECT_THAT(limits.reached(), ElementsAre(limits.exceeded().at(0).fingerprint));
    Service service;
    service.name = "chat";
    EXPECT_TRUE(limits.admit(build::service_rule("*").condition, {.service = &service}))
        << "of no host";
}

}  // namespace
}  // namespace chorus::alerts
