// Silences over time: when they are active, and what becomes of alerts meanwhile.
#include "aggregator/alerts/silencing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../store/test_database.h"
#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/alert_store.h"

namespace chorus::alerts {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using store::AlertStatus;
using store::at;
using store::SilenceRow;
using store::SilenceState;
using testing::ElementsAre;

class Silencing : public testing::Test {
  protected:
    SilenceRow silence() const {
        SilenceRow silence;
        silence.id = Uuid::random();
        silence.matchers.hostname = "web-*";
        silence.starts_at = now_;
        silence.ends_at = now_ + hours{1};
        silence.created_by = "alice";
        silence.comment = "kernel upgrade";
        silence.created_at = silence.updated_at = now_;
        return silence;
    }
    // A weekly one from long ago without an end.
    SilenceRow weekly(const std::string& windows_json,
                      const std::string& zone = "Europe/Berlin") const {
        auto one = silence();
        one.starts_at = at("2026-01-01T00:00:00Z");
        one.ends_at.reset();
        one.weekly = store::WeeklyWindows{zone, windows_json};
        return one;
    }
    bool active(Timestamp moment) { return !store::active_silences(*session_, moment).empty(); }
    // Active from `from` on and no more at `to`, to the second.
    void expect_active_between(Timestamp from, Timestamp to) {
        EXPECT_FALSE(active(from - seconds{1})) << format_timestamp(from);
        EXPECT_TRUE(active(from)) << format_timestamp(from);
        EXPECT_TRUE(active(to - seconds{1})) << format_timestamp(to);
        EXPECT_FALSE(active(to)) << format_timestamp(to);
    }
    Uuid open(const std::string& hostname) {
        store::NewAlert alert;
        alert.alert_type = "custom";
        alert.source = "system:" + hostname;
        alert.title = "t";
        alert.hostname = hostname;
        alert.fingerprint = store::alert_fingerprint("test", hostname);
        alert.actor = "test";
        return store::open_alert(*session_, alert, now_).id;
    }
    AlertStatus status(const Uuid& id) { return store::read_alert(*session_, id)->status; }
    void change(const Uuid& id, AlertStatus to) {
        store::change_status(*session_, {.alert_id = id, .to = to, .actor = "bob"}, now_);
    }

    store::FilledDatabase database_;
    store::Database::Lease session_ = database_.pool().acquire();
    const Timestamp now_ = at("2026-06-01T12:00:00Z");
};

TEST_F(Silencing, StartBelongsToASilenceAndItsEndDoesNot) {
    auto one = silence();
    one.starts_at = now_ + minutes{10};
    store::insert_silence(*session_, one);
    const auto state = [&](Timestamp t) {
        return store::read_silence(*session_, one.id, t)->state;
    };
    EXPECT_EQ(state(now_), SilenceState::pending);
    EXPECT_EQ(state(now_ + hours{1}), SilenceState::expired);
    expect_active_between(now_ + minutes{10}, now_ + hours{1});
}

TEST_F(Silencing, StoredSilenceIsReadBackWhole) {
    auto one = weekly(R"([{"end": "06:00", "days": ["sat"], "start": "22:00"}])");
    one.matchers = {.hostname = "w*",
                    .alert_type = "a",
                    .source = "s?",
                    .rule_id = Uuid::random(),
                    .rule_name = "n",
                    .severities = {store::Severity::low, store::Severity::info}};
    store::insert_silence(*session_, one);
    const auto read = store::read_silence(*session_, one.id, now_).value();
    EXPECT_EQ(read.matchers.hostname, "w*");
    EXPECT_EQ(read.matchers.alert_type, "a");
    EXPECT_EQ(read.matchers.source, "s?");
    EXPECT_EQ(read.matchers.rule_id, one.matchers.rule_id);
    EXPECT_EQ(read.matchers.rule_name, "n");
    EXPECT_THAT(read.matchers.severities, ElementsAre(store::Severity::low, store::Severity::info));
    EXPECT_EQ(read.weekly->time_zone, "Europe/Berlin");
    EXPECT_EQ(read.ends_at, std::nullopt);
    EXPECT_EQ(read.created_by, "alice");
    EXPECT_EQ(read.comment, "kernel upgrade");
    EXPECT_EQ(read.state, SilenceState::idle);
    EXPECT_TRUE(store::delete_silence(*session_, one.id));
    EXPECT_FALSE(store::delete_silence(*session_, one.id));
}

// Clocks in Berlin went from 02:00 to 03:00 on 29 March 2026 at 01:00 UTC.
TEST_F(Silencing, NightWindowEndsByTheClockWhenClocksAreSetForward) {
    store::insert_silence(*session_,
                          weekly(R"([{"days": ["sat"], "start": "22:00", "end": "06:00"}])"));
    expect_active_between(at("2026-03-28T21:00:00Z"), at("2026-03-29T04:00:00Z"));  // 7 hours
    expect_active_between(at("2026-03-21T21:00:00Z"), at("2026-03-22T05:00:00Z"));  // 8 hours
    expect_active_between(at("2026-04-04T20:00:00Z"), at("2026-04-05T04:00:00Z"));  // 8 hours
}

// They go from 03:00 back to 02:00 on 25 October 2026 at 01:00 UTC.
TEST_F(Silencing, NightWindowEndsByTheClockWhenClocksAreSetBack) {
    store::insert_silence(*session_,
                          weekly(R"([{"days": ["sat"], "start": "22:00", "end": "06:00"}])"));
    expect_active_between(at("2026-10-24T20:00:00Z"), at("2026-10-25T05:00:00Z"));  // 9 hours
    EXPECT_TRUE(active(at("2026-10-25T00:30:00Z")));
    EXPECT_TRUE(active(at("2026-10-25T01:30:00Z")));
}

TEST_F(Silencing, HourThatIsLeftOutIsNeverInsideAndTheDoubledOneIsTwice) {
    store::insert_silence(*session_,
                          weekly(R"([{"days": ["sun"], "start": "02:00", "end": "03:00"}])"));
    for (int minute = 0; minute < 24 * 60; ++minute) {
        ASSERT_FALSE(active(at("2026-03-28T23:00:00Z") + minutes{minute})) << minute;
    }
    expect_active_between(at("2026-10-25T00:00:00Z"), at("2026-10-25T02:00:00Z"));
    expect_active_between(at("2026-11-01T01:00:00Z"), at("2026-11-01T02:00:00Z"));
}

TEST_F(Silencing, ZonesOfHalfHoursAndOfTheSouthCount) {
    store::insert_silence(*session_,
                          weekly(R"([{"days": ["mon"], "start": "00:00", "end": "24:00"}])",
                                 "Australia/Lord_Howe"));  // +10:30, in summer +11
    expect_active_between(at("2026-06-07T13:30:00Z"), at("2026-06-08T13:30:00Z"));
    expect_active_between(at("2026-01-04T13:00:00Z"), at("2026-01-05T13:00:00Z"));
}

TEST_F(Silencing, WindowPastMidnightBelongsToTheDayItStarts) {
    store::insert_silence(*session_,
                          weekly(R"([{"days": ["sun"], "start": "22:00", "end": "02:00"},)"
                                 R"( {"days": ["wed", "thu"], "start": "12:00", "end": "13:00"}])",
                                 "UTC"));
    expect_active_between(at("2026-06-07T22:00:00Z"), at("2026-06-08T02:00:00Z"));
    EXPECT_FALSE(active(at("2026-06-07T01:00:00Z")));  // Sunday's small hours are Saturday's night
    expect_active_between(at("2026-06-10T12:00:00Z"), at("2026-06-10T13:00:00Z"));
    expect_active_between(at("2026-06-11T12:00:00Z"), at("2026-06-11T13:00:00Z"));
}

TEST_F(Silencing, WeeklySilenceKeepsToItsStartAndEnd) {
    auto one = weekly(R"([{"days": ["mon"], "start": "00:00", "end": "24:00"}])", "UTC");
    one.starts_at = at("2026-06-08T06:00:00Z");
    one.ends_at = at("2026-06-15T06:00:00Z");
    store::insert_silence(*session_, one);
    EXPECT_FALSE(active(at("2026-06-01T12:00:00Z")));
    expect_active_between(at("2026-06-08T06:00:00Z"), at("2026-06-09T00:00:00Z"));
    expect_active_between(at("2026-06-15T00:00:00Z"), at("2026-06-15T06:00:00Z"));
}

TEST_F(Silencing, OpenAlertsAreHiddenAndComeBack) {
    const auto web = open("web-01"), database = open("db-01"), seen = open("web-02");
    change(seen, AlertStatus::acknowledged);
    auto one = silence();
    store::insert_silence(*session_, one);
    EXPECT_EQ(apply_silences(*session_, now_).suppressed, 1);
    EXPECT_EQ(status(web), AlertStatus::suppressed);
    EXPECT_EQ(store::read_alert(*session_, web)->suppressed_by, store::silence_reason(one.id));
    EXPECT_EQ(status(database), AlertStatus::active);
    EXPECT_EQ(status(seen), AlertStatus::acknowledged);
    EXPECT_EQ(apply_silences(*session_, now_ + minutes{30}).suppressed, 0);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{1}).returned, 1);
    EXPECT_EQ(status(web), AlertStatus::active);
    const auto steps = store::read_transitions(*session_, web, 10, 0);
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[1].actor, "alice");
    EXPECT_EQ(steps[1].comment, "kernel upgrade");
    EXPECT_EQ(steps[2].actor, store::silence_reason(one.id));
}

TEST_F(Silencing, AlertStaysHiddenWhileAnotherSilenceFits) {
    const auto web = open("web-01");
    auto first = silence(), second = silence();
    first.ends_at = now_ + minutes{10};
    store::insert_silence(*session_, first);
    store::insert_silence(*session_, second);
    apply_silences(*session_, now_);
    EXPECT_EQ(apply_silences(*session_, now_ + minutes{10}).returned, 0);
    EXPECT_EQ(status(web), AlertStatus::suppressed);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{1}).returned, 1);
}

TEST_F(Silencing, ResolvedAlertDoesNotComeBackAndManualSuppressionStays) {
    const auto resolved = open("web-01"), manual = open("web-02");
    change(manual, AlertStatus::suppressed);
    store::insert_silence(*session_, silence());
    apply_silences(*session_, now_);
    change(resolved, AlertStatus::resolved);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{2}).returned, 0);
    EXPECT_EQ(status(resolved), AlertStatus::resolved);
    EXPECT_EQ(status(manual), AlertStatus::suppressed);
}

TEST_F(Silencing, AlertOfASilentHostIsTheSilencesFromThenOn) {
    const auto web = open("web-01"), database = open("db-01");
    for (const auto& id : {web, database}) {
        store::change_status(*session_,
                             {.alert_id = id,
                              .to = AlertStatus::suppressed,
                              .actor = "evaluator",
                              .suppressed_by = "inhibited:host_silent"},
                             now_);
    }
    const auto one = silence();
    store::insert_silence(*session_, one);
    EXPECT_EQ(apply_silences(*session_, now_).suppressed, 1);
    // So the evaluator does not bring it back before the silence has ended.
    EXPECT_EQ(store::read_alert(*session_, web)->suppressed_by, store::silence_reason(one.id));
    EXPECT_EQ(store::read_alert(*session_, database)->suppressed_by, "inhibited:host_silent");
    EXPECT_EQ(store::read_transitions(*session_, web, 10, 0).size(), 2U);
    EXPECT_EQ(apply_silences(*session_, now_ + minutes{1}).suppressed, 0);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{1}).returned, 1);
    EXPECT_EQ(status(web), AlertStatus::active);
    EXPECT_EQ(status(database), AlertStatus::suppressed);
}

// Active for a moment it would be told to everybody before the evaluator mutes it again.
TEST_F(Silencing, EndOfASilenceGivesAlertsOfASilentHostToTheEvaluator) {
    const auto web = open("web-01"), other = open("web-02");
    store::NewAlert down;
    down.alert_type = "host_silent";
    down.source = "system:web-01";
    down.title = "t";
    down.hostname = "web-01";
    down.fingerprint = store::alert_fingerprint("test", "down");
    down.actor = "test";
    const auto silent = store::open_alert(*session_, down, now_).id;
    store::insert_silence(*session_, silence());
    EXPECT_EQ(apply_silences(*session_, now_).suppressed, 3);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{1}).returned, 2);
    EXPECT_EQ(status(silent), AlertStatus::active);
    EXPECT_EQ(status(other), AlertStatus::active);
    EXPECT_EQ(status(web), AlertStatus::suppressed);
    EXPECT_EQ(store::read_alert(*session_, web)->suppressed_by, "inhibited:host_silent");
    EXPECT_EQ(store::read_transitions(*session_, web, 10, 0).size(), 2U);
    // Without that alert it is as if the host were back.
    store::insert_silence(*session_, silence());
    apply_silences(*session_, now_);
    change(silent, AlertStatus::resolved);
    EXPECT_EQ(apply_silences(*session_, now_ + hours{1}).returned, 2);
    EXPECT_EQ(status(web), AlertStatus::active);
}

TEST_F(Silencing, DecisionIsDroppedWhenTheAlertHasChangedMeanwhile) {
    const auto web = open("web-01");
    change(web, AlertStatus::acknowledged);
    const store::StatusChange late{.alert_id = web,
                                   .to = AlertStatus::suppressed,
                                   .actor = "alice",
                                   .only_from = AlertStatus::active};
    EXPECT_EQ(store::change_status(*session_, late, now_), store::ChangeResult::not_allowed);
    EXPECT_EQ(status(web), AlertStatus::acknowledged);
}

TEST_F(Silencing, OnlyNamesOfTheIanaDatabaseAreTimeZones) {
    EXPECT_TRUE(store::known_time_zone(*session_, "Europe/Berlin"));
    EXPECT_TRUE(store::known_time_zone(*session_, "UTC"));
    EXPECT_FALSE(store::known_time_zone(*session_, "Foo+3"));
    EXPECT_FALSE(store::known_time_zone(*session_, "europe/nowhere"));
    EXPECT_FALSE(store::known_time_zone(*session_, ""));
}

}  // namespace
}  // namespace chorus::alerts
