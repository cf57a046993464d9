// From one evaluation of a subject to the next: when it fires, goes on and resolves.
#include "aggregator/alerts/subject_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "builders.h"

namespace chorus::alerts {
namespace {

using build::at;
using std::chrono::minutes;
using Verdict = Reading::Verdict;

// Evaluates one subject once a minute. Verdicts: 'x' breached, '!' breached and critical, 'o'
// breached and just below critical, '~' in hysteresis, '.' clear, '?' no data. Actions: 'F' fire,
// 'b' bump, 'R' resolve, '-' none.
class Subject {
  public:
    explicit Subject(Timing timing = {}) : timing_(timing) {}

    std::string run(const std::string& verdicts) {
        std::string actions;
        for (const char verdict : verdicts) {
            Reading reading;
            reading.verdict = verdict == '.'   ? Verdict::clear
                              : verdict == '~' ? Verdict::hysteresis
                              : verdict == '?' ? Verdict::no_data
                                               : Verdict::breached;
            reading.severity = verdict == '!' ? Severity::critical : Severity::medium;
            if (verdict == 'o') reading.keeps = Severity::critical;
            const Step step = advance(state, reading, timing_, at(minute++));
            state = step.next;
            actions += step.action == Action::fire      ? 'F'
                       : step.action == Action::bump    ? 'b'
                       : step.action == Action::refresh ? refreshed
                       : step.action == Action::resolve ? 'R'
                                                        : '-';
        }
        return actions;
    }

    SubjectState state;
    int minute = 0;
    char refreshed = '-';  // most tests are not about what is told of an open alert

  private:
    Timing timing_;
};

Timing timing(int hold, int keep_firing, int cooldown) {
    return {{minutes{hold}, minutes{keep_firing}, true}, minutes{cooldown}};
}

TEST(SubjectState, WithoutPatienceItFiresAndResolvesAtOnce) {
    EXPECT_EQ(Subject{timing(0, 0, 0)}.run(".xxx..x."), "-FbbR-FR");
}

TEST(SubjectState, ItFiresOnceItIsBreachedForTheWholeHold) {
    Subject subject{timing(3, 0, 0)};
    EXPECT_EQ(subject.run("xxx"), "---");
    EXPECT_EQ(subject.state.phase, Phase::pending);
    EXPECT_EQ(subject.state.since, at(0));
    EXPECT_EQ(subject.run("x"), "F");
    EXPECT_EQ(subject.state.phase, Phase::firing);
    EXPECT_EQ(subject.state.since, at(3));
}

TEST(SubjectState, ATrueConditionFiresWithinHoldPlusTwoEvaluations) {
    for (int hold = 0; hold <= 10; ++hold) {
        Subject subject{timing(hold, 0, 5)};
        const auto actions = subject.run(std::string(static_cast<std::size_t>(hold) + 2, 'x'));
        EXPECT_NE(actions.find('F'), std::string::npos) << hold << " minutes";
    }
}

TEST(SubjectState, AnythingElseThanABreachBeginsTheHoldAnew) {
    for (const char* const between : {".", "?", "~"}) {
        const auto breaks = std::string("xx") + between + "xxx";
        EXPECT_EQ(Subject(timing(2, 0, 0)).run(breaks), "-----F") << between;
    }
}

TEST(SubjectState, ItResolvesOnceItIsClearForTheWholeTime) {
    Subject subject{timing(0, 3, 0)};
    EXPECT_EQ(subject.run("x..."), "F---");
    EXPECT_EQ(subject.state.clear_since, at(1));
    EXPECT_EQ(subject.run("."), "R");
    EXPECT_EQ(subject.state.resolved_at, at(4));
}

TEST(SubjectState, WhileItIsNotClearForLongEnoughItGoesOn) {
    EXPECT_EQ(Subject(timing(0, 2, 0)).run("x..x..."), "F--b--R");
    EXPECT_EQ(Subject(timing(0, 2, 0)).run("x..~..."), "F--b--R");
    EXPECT_EQ(Subject(timing(0, 2, 0)).run("x..?..."), "F-----R");
}

TEST(SubjectState, LingeringNeverFiresButKeepsFiring) {
    EXPECT_EQ(Subject(timing(0, 0, 0)).run("~~~"), "---");
    EXPECT_EQ(Subject(timing(0, 0, 0)).run("x~~."), "FbbR");
}

TEST(SubjectState, NoDataNeverFires) {
    EXPECT_EQ(Subject(timing(0, 0, 0)).run("????"), "----");
    EXPECT_EQ(Subject(timing(1, 0, 0)).run("x?x?x?"), "------");
}

TEST(SubjectState, NoDataNeverResolves) {
    Subject subject{timing(0, 0, 0)};
    EXPECT_EQ(subject.run("x" + std::string(1000, '?')), "F" + std::string(1000, '-'));
    EXPECT_EQ(subject.state.phase, Phase::firing);
}

TEST(SubjectState, AFiringSubjectWithoutDataIsStale) {
    Subject subject{timing(0, 5, 0)};
    subject.run("x");
    EXPECT_FALSE(subject.state.stale);
    subject.run("?");
    EXPECT_TRUE(subject.state.stale);
    subject.run(".");
    EXPECT_FALSE(subject.state.stale);
    subject.run("?x");
    EXPECT_FALSE(subject.state.stale);
    Subject quiet{timing(0, 0, 0)};
    quiet.run("?");
    EXPECT_FALSE(quiet.state.stale);
}

TEST(SubjectState, ItFiresAgainOnlyAfterTheCooldown) {
    EXPECT_EQ(Subject(timing(0, 0, 5)).run("x.xxxx"), "FR---F");
}

TEST(SubjectState, WhatIsBreachedWhileItCoolsIsPending) {
    Subject subject{timing(2, 0, 5)};
    EXPECT_EQ(subject.run("xxx.xxx"), "--FR---");
    EXPECT_EQ(subject.state.phase, Phase::pending) << "held for long enough, but not cooled";
    EXPECT_EQ(subject.run("x"), "F");
}

TEST(SubjectState, ItFiresWithTheSeverityOfTheMoment) {
    Subject subject{timing(2, 0, 0)};
    EXPECT_EQ(subject.run("!!x"), "--F");
    EXPECT_EQ(subject.state.severity, Severity::medium);
}

TEST(SubjectState, ItsSeverityIsThatOfTheLevelOfTheMoment) {
    Subject subject{timing(0, 2, 0)};
    const auto after = [&](const char* verdict) {
        subject.run(verdict);
        return subject.state.severity;
    };
    EXPECT_EQ(after("x"), Severity::medium);
    EXPECT_EQ(after("o"), Severity::medium) << "what it has not reached it cannot keep";
    EXPECT_EQ(after("!"), Severity::critical);
    EXPECT_EQ(after("o"), Severity::critical);
    EXPECT_EQ(after("?"), Severity::critical) << "nobody knows";
    EXPECT_EQ(after("x"), Severity::medium);
    EXPECT_EQ(after("!"), Severity::critical);
    EXPECT_EQ(after("~"), Severity::medium);
    EXPECT_EQ(after("!"), Severity::critical);
    EXPECT_EQ(after("."), Severity::medium) << "clear, but still open";
}

TEST(SubjectState, WhatIsOpenAndClearOrWithoutDataIsTold) {
    Subject subject{timing(0, 2, 0)};
    subject.refreshed = 't';
    EXPECT_EQ(subject.run("x??x..~..."), "Ft-bttbttR");
}

TEST(SubjectState, WithoutAutoResolveOnlyAPersonEndsIt) {
    Timing manual = timing(0, 0, 0);
    manual.durations.auto_resolve = false;
    Subject subject{manual};
    EXPECT_EQ(subject.run("x......x."), "F------b-");
    EXPECT_EQ(subject.state.phase, Phase::firing);
}

TEST(SubjectState, WhatFiresAgainSoonAfterItResolvedIsFlapping) {
    Subject subject{timing(0, 0, 5)};
    EXPECT_EQ(subject.run("x....x"), "FR---F");
    EXPECT_TRUE(subject.state.flapping);
    Subject calm{timing(0, 0, 5)};
    EXPECT_EQ(calm.run("x." + std::string(9, '.') + "x"), "FR---------F");
    EXPECT_FALSE(calm.state.flapping) << "two cooldowns after it resolved";
}

TEST(SubjectState, AFlappingSubjectMustBeClearForTheCooldownAsWell) {
    Subject subject{timing(0, 1, 5)};
    EXPECT_EQ(subject.run("x..xxx"), "F-R--F");
    ASSERT_TRUE(subject.state.flapping);
    EXPECT_EQ(subject.run("......"), "------");
    EXPECT_EQ(subject.run("."), "R") << "one minute and five";
}

TEST(SubjectState, AFlappingSubjectFiresAgainOnlyACooldownAfterItResolved) {
    Subject subject{timing(0, 0, 5)};
    EXPECT_EQ(subject.run("x.xxxx"), "FR---F");
    EXPECT_EQ(subject.run("......xxxxx"), "-----R----F");
}

TEST(SubjectState, HoweverItFlapsItChangesAtMostOnceACooldownInTheLongRun) {
    for (int cooldown = 1; cooldown <= 10; ++cooldown) {
        for (const char* const pattern : {"x.", "x..", "xx....", "x.......", "xxxxxxx.", "x?."}) {
            std::string verdicts;
            while (verdicts.size() < 1000) verdicts += pattern;
            const auto actions = Subject{timing(0, 0, cooldown)}.run(verdicts);
            const auto changes = std::count_if(actions.begin(), actions.end(),
                                               [](char c) { return c == 'F' || c == 'R'; });
            EXPECT_LE(changes, 1000 / cooldown + 1)
                << pattern << " with a cooldown of " << cooldown;
        }
    }
}

TEST(SubjectState, AfterAPersonClosedItItMayFireAgainOnceItHasCooled) {
    Subject subject{timing(0, 0, 5)};
    EXPECT_EQ(subject.run("xx"), "Fb");
    subject.state = closed_by_others(subject.state, at(2));
    EXPECT_EQ(subject.state.phase, Phase::ok);
    EXPECT_EQ(subject.state.resolved_at, at(2));
    EXPECT_EQ(subject.run("xxxx"), "---F") << "five minutes after it had fired";
}

TEST(SubjectState, AfterAPersonClosedItTheHoldBeginsAnew) {
    Subject subject{timing(3, 0, 0)};
    EXPECT_EQ(subject.run("xxxx"), "---F");
    subject.state = closed_by_others(subject.state, at(4));
    EXPECT_EQ(subject.run("xxxx"), "---F");
}

TEST(SubjectState, OnlyWhatIsQuietAndOverIsForgotten) {
    const Timing five = timing(0, 0, 5);
    SubjectState state;
    EXPECT_TRUE(forgettable(state, five, at(0)));
    state.fired_at = at(0);
    state.resolved_at = at(1);
    EXPECT_FALSE(forgettable(state, five, at(4)));
    EXPECT_FALSE(forgettable(state, five, at(10.9)));
    EXPECT_TRUE(forgettable(state, five, at(11)));
    state.phase = Phase::pending;
    EXPECT_FALSE(forgettable(state, five, at(60)));
    state.phase = Phase::firing;
    EXPECT_FALSE(forgettable(state, five, at(60)));
}

TEST(SubjectState, PhasesHaveTheirWords) {
    EXPECT_EQ(to_string(Phase::ok), "ok");
    EXPECT_EQ(to_string(Phase::pending), "pending");
    EXPECT_EQ(to_string(Phase::firing), "firing");
}

}  // namespace
}  // namespace chorus::alerts
