// One rule in one round: what is done about subjects that are there, silent, gone or closed.
#include "aggregator/alerts/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using build::Fleet;
using build::kCpu;
using build::kDisk;
using build::one_minute_rule;
using build::system_of;
using build::system_rule;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

// Rounds of one rule, a minute apart unless they say otherwise, with what they remember.
class Rounds {
  public:
    explicit Rounds(Rule rule) : rule_(std::move(rule)) {}

    const Judgement& judge(const Fleet& fleet, double minute) {
        last_ = alerts::judge(
            rule_, fleet.snapshot(), states,
            [&](const std::string& key) { return open.contains(key); }, at(minute));
        for (const auto& [key, state] : last_.changed) states[key] = state;
        for (const auto& key : last_.forgotten) states.erase(key);
        for (const auto& decision : last_.decisions) {
            if (decision.action == Action::fire) open.insert(decision.key);
            if (decision.action == Action::resolve) open.erase(decision.key);
        }
        return last_;
    }

    // "fire web-01", in order of the alphabet.
    std::multiset<std::string> decisions(const Fleet& fleet, double minute) {
        std::multiset<std::string> all;
        for (const auto& decision : judge(fleet, minute).decisions) {
            const char* const word = decision.action == Action::fire      ? "fire "
                                     : decision.action == Action::bump    ? "bump "
                                     : decision.action == Action::refresh ? "refresh "
                                                                          : "resolve ";
            all.insert(word + decision.key + (decision.gone ? " gone" : ""));
        }
        return all;
    }

    States states;
    std::set<std::string> open;  // alerts

  private:
    Rule rule_;
    Judgement last_;
};

TEST(Judge, EveryHostFiresBumpsAndResolvesForItself) {
    Fleet fleet;
    Rounds rounds{one_minute_rule(kCpu)};
    fleet.batch("a", at(0), {{kCpu, 90}});
    fleet.batch("b", at(0), {{kCpu, 10}});
    fleet.batch("c", at(0), {{kCpu, 95}});
    EXPECT_THAT(rounds.decisions(fleet, 0), ElementsAre("fire a", "fire c"));
    fleet.batch("a", at(1), {{kCpu, 90}});
    fleet.batch("b", at(1), {{kCpu, 90}});
    fleet.batch("c", at(1), {{kCpu, 10}});
    EXPECT_THAT(rounds.decisions(fleet, 1), ElementsAre("bump a", "fire b", "resolve c"));
}

TEST(Judge, ADecisionTellsOfSubjectReadingAndSeverity) {
    Rule rule = one_minute_rule(kCpu);
    system_of(rule).limit.escalation = Escalation{95, Severity::critical};
    Rounds rounds{rule};
    Fleet fleet;
    fleet.batch("web-01", at(0), {{kCpu, 96}});
    fleet.batch("web-01", at(1), {{kCpu, 90}});
    fleet.batch("web-01", at(2), {{kCpu, 10}});
    const Snapshot snapshot = fleet.snapshot();
    const auto none_open = [](const std::string&) { return false; };
    const auto fired = judge(rule, snapshot, {}, none_open, at(0)).decisions;
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].subject.host->hostname, "web-01");
    EXPECT_EQ(fired[0].reading.value, 96);
    EXPECT_EQ(fired[0].severity, Severity::critical);
    EXPECT_FALSE(fired[0].gone);
    rounds.judge(fleet, 0);
    EXPECT_EQ(rounds.judge(fleet, 1).decisions.at(0).severity, Severity::high) << "it falls back";
}

TEST(Judge, QuietSubjectsAreNotRemembered) {
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 10}});
    Rounds rounds{one_minute_rule(kCpu)};
    const Judgement& judged = rounds.judge(fleet, 0);
    EXPECT_THAT(judged.changed, IsEmpty());
    EXPECT_EQ(judged.subjects, 1U);
    EXPECT_EQ(judged.with_data, 1U);
}

TEST(Judge, PendingAndFiringSubjectsAreCounted) {
    Rule rule = one_minute_rule(kCpu);
    rule.durations.hold = minutes{1};
    Rounds rounds{rule};
    Fleet fleet;
    for (int minute = 0; minute <= 1; ++minute) fleet.batch("a", at(minute), {{kCpu, 90}});
    fleet.batch("b", at(1), {{kCpu, 90}});
    EXPECT_EQ(rounds.judge(fleet, 0).pending, 1U);
    const Judgement& judged = rounds.judge(fleet, 1);
    EXPECT_EQ(judged.pending, 1U);
    EXPECT_EQ(judged.firing, 1U);
}

TEST(Judge, AStateIsWrittenOnlyWhenItChanges) {
    Rounds rounds{one_minute_rule(kCpu)};
    Fleet fleet;
    for (int minute = 0; minute <= 2; ++minute) fleet.batch("a", at(minute), {{kCpu, 90}});
    EXPECT_EQ(rounds.judge(fleet, 0).changed.size(), 1U);
    EXPECT_EQ(rounds.judge(fleet, 1).changed.size(), 0U);
}

TEST(Judge, AStateIsForgottenWhenItHasNothingToSayAnyMore) {
    Rounds rounds{one_minute_rule(kCpu, 2)};
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 90}});
    for (int minute = 1; minute <= 6; ++minute) fleet.batch("a", at(minute), {{kCpu, 10}});
    rounds.judge(fleet, 0);
    rounds.judge(fleet, 1);
    EXPECT_THAT(rounds.states, testing::SizeIs(1));
    EXPECT_THAT(rounds.judge(fleet, 4).forgotten, IsEmpty());
    EXPECT_THAT(rounds.judge(fleet, 5).forgotten, ElementsAre("a"));
    EXPECT_THAT(rounds.states, IsEmpty());
    EXPECT_THAT(rounds.judge(fleet, 6).forgotten, IsEmpty());
}

TEST(Judge, ASilentHostsAlertStaysOpenAndBecomesStaleOnce) {
    Rounds rounds{one_minute_rule(kCpu)};
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 90}});
    rounds.judge(fleet, 0);
    EXPECT_THAT(rounds.judge(fleet, 1).became_stale, ElementsAre("a"));
    for (int minute = 2; minute < 500; ++minute) {
        const Judgement& judged = rounds.judge(fleet, minute);
        ASSERT_THAT(judged.decisions, IsEmpty());
        ASSERT_THAT(judged.became_stale, IsEmpty());
        ASSERT_EQ(judged.firing, 1U);
    }
    fleet.batch("a", at(500), {{kCpu, 10}});
    EXPECT_THAT(rounds.decisions(fleet, 500), ElementsAre("resolve a"));
}

TEST(Judge, AnUnreadableSeriesIsStaleToo) {
    Rounds rounds{one_minute_rule(kCpu)};
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 90}});
    fleet.batch("a", at(1), {{kCpu, std::nan("")}});
    rounds.judge(fleet, 0);
    const Judgement& judged = rounds.judge(fleet, 1);
    ASSERT_EQ(judged.decisions.size(), 1U);
    EXPECT_EQ(judged.decisions[0].action, Action::refresh);
    EXPECT_FALSE(judged.decisions[0].gone);
    EXPECT_THAT(judged.became_stale, ElementsAre("a"));
    EXPECT_EQ(judged.subjects, 1U);
    EXPECT_EQ(judged.with_data, 0U);
}

TEST(Judge, ASeriesThatAReportingHostHasNoMoreResolves) {
    Rounds rounds{one_minute_rule(kDisk)};
    Fleet fleet;
    fleet.batch("a", at(0), {{kDisk, 90, "/mnt"}, {kDisk, 90, "/var"}});
    fleet.batch("a", at(1), {{kDisk, 90, "/var"}});
    rounds.judge(fleet, 0);
    EXPECT_THAT(rounds.decisions(fleet, 1), ElementsAre("bump a|/var", "resolve a|/mnt gone"));
}

TEST(Judge, ASubjectThatIsGoneWaitsForKeepFiringAsWell) {
    Rule rule = one_minute_rule(kDisk);
    rule.durations.keep_firing_for = minutes{2};
    Rounds rounds{rule};
    Fleet fleet;
    fleet.batch("a", at(0), {{kDisk, 90, "/mnt"}});
    for (int minute = 1; minute <= 3; ++minute) fleet.batch("a", at(minute), {{kCpu, 1}});
    rounds.judge(fleet, 0);
    EXPECT_THAT(rounds.decisions(fleet, 1), ElementsAre("refresh a|/mnt gone"));
    EXPECT_THAT(rounds.decisions(fleet, 2), ElementsAre("refresh a|/mnt gone"));
    EXPECT_THAT(rounds.decisions(fleet, 3), ElementsAre("resolve a|/mnt gone"));
}

TEST(Judge, AHostThatIsMeantNoMoreOrDeletedResolves) {
    Fleet fleet;
    fleet.host("a").labels = {{"role", "db"}};
    fleet.batch("a", at(0), {{kCpu, 90}});
    Rule rule = one_minute_rule(kCpu);
    system_of(rule).limit.hosts.labels = {{"role", "db"}};
    Rounds rounds{rule};
    EXPECT_THAT(rounds.decisions(fleet, 0), ElementsAre("fire a"));
    Rounds deleted = rounds;
    fleet.host("a").labels.clear();
    EXPECT_THAT(rounds.decisions(fleet, 1), ElementsAre("resolve a gone"));
    fleet.remove_host("a");
    EXPECT_THAT(deleted.decisions(fleet, 1), ElementsAre("resolve a gone"));
}

TEST(Judge, AProcessThatHasEndedResolvesAndThatOfASilentHostDoesNot) {
    Rule rule = build::process_rule("python", ProcessField::cpu_percent, Operator::greater, 80);
    build::process_of(rule).limit.window = minutes{1};
    rule.cooldown = minutes{0};
    Rounds rounds{rule};
    Fleet fleet;
    for (const char* const host : {"a", "b"}) {
        fleet.processes(host, at(0), {{.name = "python", .cpu = 90}});
    }
    fleet.processes("a", at(1), {});
    EXPECT_THAT(rounds.decisions(fleet, 0), ElementsAre("fire a|python", "fire b|python"));
    EXPECT_THAT(rounds.decisions(fleet, 1),
                ElementsAre("refresh b|python", "resolve a|python gone"));
    EXPECT_THAT(rounds.open, ElementsAre("b|python"));
}

TEST(Judge, AServiceThatIsCheckedNoMoreResolves) {
    Rule rule = build::service_rule("*");
    rule.cooldown = minutes{0};
    Rounds rounds{rule};
    Fleet before;
    before.service("chat", Service::Status::timeout);
    before.service("mail", Service::Status::timeout);
    EXPECT_THAT(rounds.decisions(before, 0), ElementsAre("fire chat", "fire mail"));
    Fleet after;
    after.service("chat", Service::Status::unknown);
    EXPECT_THAT(rounds.decisions(after, 1), ElementsAre("refresh chat", "resolve mail gone"));
}

TEST(Judge, ASilentHostIsAlertedAndResolvesWhenItIsBack) {
    Rule rule = build::silence_rule();
    rule.cooldown = minutes{0};
    Rounds rounds{rule};
    Fleet fleet;
    fleet.host("a").last_seen = at(0);
    EXPECT_THAT(rounds.decisions(fleet, 1), IsEmpty());
    EXPECT_THAT(rounds.decisions(fleet, 2), ElementsAre("fire a"));
    EXPECT_THAT(rounds.decisions(fleet, 3), ElementsAre("bump a"));
    fleet.host("a").last_seen = at(3.9);
    EXPECT_THAT(rounds.decisions(fleet, 4), ElementsAre("resolve a"));
}

TEST(Judge, WhatAPersonClosedFiresAgainOnlyAfterTheCooldown) {
    Rounds rounds{one_minute_rule(kCpu, 5)};
    Fleet fleet;
    for (int minute = 0; minute <= 10; ++minute) fleet.batch("a", at(minute), {{kCpu, 90}});
    EXPECT_THAT(rounds.decisions(fleet, 0), ElementsAre("fire a"));
    EXPECT_THAT(rounds.decisions(fleet, 1), ElementsAre("bump a"));
    rounds.open.clear();
    for (int minute = 2; minute < 5; ++minute) {
        EXPECT_THAT(rounds.decisions(fleet, minute), IsEmpty()) << minute;
    }
    EXPECT_THAT(rounds.decisions(fleet, 5), ElementsAre("fire a"));
}

TEST(Judge, WhatAPersonClosedOfASilentHostIsOver) {
    Rounds rounds{one_minute_rule(kCpu)};
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 90}});
    rounds.judge(fleet, 0);
    rounds.open.clear();
    const Judgement& judged = rounds.judge(fleet, 2);
    EXPECT_THAT(judged.decisions, IsEmpty());
    EXPECT_THAT(judged.became_stale, IsEmpty());
    EXPECT_EQ(judged.firing, 0U);
}

TEST(Judge, APendingSubjectOfASilentHostBeginsAnew) {
    Rule rule = one_minute_rule(kCpu);
    rule.durations.hold = minutes{2};
    Rounds rounds{rule};
    Fleet fleet;
    fleet.batch("a", at(0), {{kCpu, 90}});
    for (int minute = 2; minute <= 4; ++minute) fleet.batch("a", at(minute), {{kCpu, 90}});
    EXPECT_THAT(rounds.decisions(fleet, 0), IsEmpty());
    EXPECT_THAT(rounds.judge(fleet, 1).forgotten, ElementsAre("a"));
    EXPECT_THAT(rounds.decisions(fleet, 2), IsEmpty());
    EXPECT_THAT(rounds.decisions(fleet, 3), IsEmpty());
    EXPECT_THAT(rounds.decisions(fleet, 4), ElementsAre("fire a"));
}

}  // namespace
}  // namespace chorus::alerts
