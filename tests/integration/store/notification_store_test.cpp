// The outbox: which transitions reach which channels, claims, outcomes.
#include "aggregator/alert_store/notification_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/alert_store/alert_store.h"
#include "test_database.h"

namespace chorus::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Outbox : public testing::Test {
  protected:
    Outbox() { announce({{"webhook:ops", true}, {"webhook:dev", false}, {"slack:dev", false}}); }
    void announce(const std::vector<AnnouncedChannel>& channels) {
        announce_channels(*database_.pool().acquire(), channels);
    }
    template <typename Work>
    auto commit(Work work) {
        const auto session = database_.pool().acquire();
        Transaction transaction{*session};
        auto result = work(*session);
        transaction.commit();
        return result;
    }
    std::string make_rule(const std::string& channels) {
        const auto id = Uuid::random().to_string();
        database_.run(
            "INSERT INTO monitoring.alert_rules (id, name, name_key, rule_type, condition,"
            " severity, notification_channels) VALUES ('" +
            id + "', '" + id + "', '" + id + "', 'system_metric', '{}', 'high', '" + channels +
            "')");
        return id;
    }
    Uuid open(const std::string& name, const std::string& rule = "", bool suppressed = false) {
        NewAlert alert;
        alert.alert_type = "test";
        alert.source = alert.title = alert.actor = alert.fingerprint = name;
        if (!rule.empty()) alert.rule_id = Uuid::parse(rule);
        if (suppressed) alert.suppressed_by = "silence:x";
        return commit([&](Session& s) { return open_alert(s, alert, now_); }).id;
    }
    void change(const Uuid& id, AlertStatus to) {
        EXPECT_EQ(commit([&](Session& s) {
                      return change_status(s, {.alert_id = id, .to = to, .actor = "me"}, now_);
                  }),
                  ChangeResult::changed);
    }
    // "channel status" of every row of the outbox, in its order.
    std::vector<std::string> rows() {
        std::vector<std::string> all;
        const auto session = database_.pool().acquire();
        for (const auto row : session->execute_once(
                 "SELECT n.channel || ' ' || t.to_status FROM monitoring.notifications n"
                 " JOIN monitoring.alert_transitions t USING (transition_id)"
                 " ORDER BY n.notification_id")) {
            all.emplace_back(row.text(0));
        }
        return all;
    }
    std::optional<ClaimedMessage> claim(const std::string& channel, const std::string& who = "me",
                                        int most = 100) {
        return claim_message(*database_.pool().acquire(), {.channels = {channel}}, who, 60s, most);
    }
    bool finish(const ClaimedMessage& message, const Delivery& delivery,
                const std::string& who = "me") {
        return finish_message(*database_.pool().acquire(), message, who, delivery);
    }
    static std::vector<std::string> titles(const ClaimedMessage& message) {
        std::vector<std::string> all;
        for (const auto& one : message.notifications) all.push_back(one.alert.title);
        return all;
    }

    FilledDatabase database_;
    const Timestamp now_ = at("2026-01-15T10:00:00Z");
};

TEST_F(Outbox, AnAlertWithoutARuleGoesToRedisAndTheDefaultChannels) {
    open("a");
    EXPECT_THAT(rows(), ElementsAre("redis active", "webhook:ops active"));
}

TEST_F(Outbox, ARuleNamesItsChannelsAndABareWordMeansAllOfAKind) {
    open("a", make_rule(R"(["slack:dev", "email:ops@example.org"])"));
    EXPECT_THAT(rows(), UnorderedElementsAre("redis active", "slack:dev active",
                                             "email:ops@example.org active"));
    open("b", make_rule(R"(["webhook", "webhook:ops"])"));
    EXPECT_THAT(rows(), testing::Contains("webhook:dev active"));
    EXPECT_EQ(rows().size(), 6U) << "nothing twice";
}

TEST_F(Outbox, ARuleWithoutChannelsHasTheDefaultOnes) {
    open("a", make_rule("[]"));
    EXPECT_THAT(rows(), ElementsAre("redis active", "webhook:ops active"));
}

TEST_F(Outbox, NobodyIsToldWhileAnAlertIsSuppressed) {
    const auto id = open("a", "", true);
    EXPECT_THAT(rows(), IsEmpty());
    change(id, AlertStatus::active);
    EXPECT_THAT(rows(), ElementsAre("redis active", "webhook:ops active"));
    change(id, AlertStatus::suppressed);
    EXPECT_EQ(rows().size(), 2U);
    change(id, AlertStatus::resolved);
    EXPECT_THAT(rows(), testing::Contains("webhook:ops resolved")) << "it was told of it";
}

TEST_F(Outbox, TheEndOfAnAlertGoesToThoseWhoWereToldOfIt) {
    const auto rule = make_rule(R"(["slack:dev"])");
    const auto id = open("a", rule);
    database_.run("UPDATE monitoring.alert_rules SET notification_channels = '[\"webhook:ops\"]'");
    change(id, AlertStatus::resolved);
    EXPECT_THAT(rows(), UnorderedElementsAre("redis active", "slack:dev active", "redis resolved",
                                             "slack:dev resolved"));
}

TEST_F(Outbox, ABumpIsNoTransition) {
    open("a");
    open("a");
    EXPECT_EQ(rows().size(), 2U);
}

TEST_F(Outbox, AChannelThatNobodyAnnouncesAnyMoreIsNoDefault) {
    database_.run(
        "UPDATE monitoring.notification_channels SET configured_at ="
        " now() - interval '11 minutes'");
    open("a");
    EXPECT_THAT(rows(), ElementsAre("redis active"));
}

TEST_F(Outbox, WhatIsRolledBackIsNotTold) {
    {
        const auto session = database_.pool().acquire();
        Transaction transaction{*session};
        NewAlert alert;
        alert.alert_type = alert.source = alert.title = alert.fingerprint = "x";
        open_alert(*session, alert, now_);
    }
    EXPECT_THAT(rows(), IsEmpty());
}

TEST_F(Outbox, AlertsThatFireTogetherAreOneMessageAndTheSecondStepOfOneIsTheNext) {
    const auto a = open("a");
    open("b");
    change(a, AlertStatus::resolved);
    auto first = claim("webhook:ops");
    ASSERT_TRUE(first);
    EXPECT_THAT(titles(*first), ElementsAre("a", "b"));
    EXPECT_EQ(first->notifications[0].alert.status, AlertStatus::active) << "as it stood then";
    EXPECT_TRUE(finish(*first, {}));
    const auto second = claim("webhook:ops");
    ASSERT_TRUE(second);
    EXPECT_THAT(titles(*second), ElementsAre("a"));
    EXPECT_EQ(second->notifications[0].alert.status, AlertStatus::resolved);
    EXPECT_TRUE(finish(*second, {}));
    EXPECT_FALSE(claim("webhook:ops"));
}

TEST_F(Outbox, ARepeatedMessageIsTheSameMessage) {
    open("a");
    const auto first = claim("webhook:ops");
    ASSERT_TRUE(first);
    EXPECT_TRUE(finish(*first, {DeliveryOutcome::retry, "HTTP 503", 0ms}));
    open("b");
    const auto again = claim("webhook:ops");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->message_id, first->message_id);
    EXPECT_THAT(titles(*again), ElementsAre("a"));
    EXPECT_EQ(again->attempt, 2);
    EXPECT_EQ(again->failures, 1);
}

TEST_F(Outbox, AChannelIsServedByOneAtATimeAndOthersGoOn) {
    open("a");
    const auto mine = claim("webhook:ops");
    ASSERT_TRUE(mine);
    EXPECT_FALSE(claim("webhook:ops", "other"));
    EXPECT_TRUE(claim("redis", "other"));
}

TEST_F(Outbox, AClaimOfADeadHolderIsTakenOverAndItsLateOutcomeIsNotNoted) {
    open("a");
    const auto dead = claim("webhook:ops", "dead");
    ASSERT_TRUE(dead);
    database_.run("UPDATE monitoring.notification_channels SET claimed_until = now()");
    const auto mine = claim("webhook:ops", "me");
    ASSERT_TRUE(mine);
    EXPECT_TRUE(mine->taken_over);
    EXPECT_EQ(mine->attempt, 2);
    EXPECT_FALSE(finish(*dead, {DeliveryOutcome::refused, "late", 0ms}, "dead"));
    EXPECT_TRUE(finish(*mine, {}));
    EXPECT_EQ(database_.text("SELECT state FROM monitoring.notifications"
                             " WHERE channel = 'webhook:ops'"),
              "delivered");
}

TEST_F(Outbox, AFailingChannelRestsAndARefusedMessageIsOver) {
    open("a");
    auto message = claim("webhook:ops");
    EXPECT_TRUE(finish(*message, {DeliveryOutcome::retry, "HTTP 500", 60s}));
    EXPECT_FALSE(claim("webhook:ops"));
    database_.run("UPDATE monitoring.notification_channels SET retry_at = now()");
    message = claim("webhook:ops");
    ASSERT_TRUE(message);
    EXPECT_TRUE(finish(*message, {DeliveryOutcome::refused, "HTTP 422", 0ms}));
    EXPECT_EQ(database_.text("SELECT state || ': ' || last_error FROM monitoring.notifications"
                             " WHERE channel = 'webhook:ops'"),
              "failed: HTTP 422");
}

TEST_F(Outbox, ARefusedMessageOfSeveralGoesOnAsOneMessageForEach) {
    open("a");
    const auto b = open("b");
    const auto together = claim("webhook:ops");
    ASSERT_TRUE(together);
    ASSERT_THAT(titles(*together), ElementsAre("a", "b"));
    change(b, AlertStatus::resolved);
    EXPECT_TRUE(finish(*together, {DeliveryOutcome::refused, "HTTP 400", 0ms}));
    const auto first = claim("webhook:ops");
    ASSERT_TRUE(first);
    EXPECT_THAT(titles(*first), ElementsAre("a"));
    EXPECT_TRUE(finish(*first, {DeliveryOutcome::refused, "HTTP 400", 0ms}));
    const auto second = claim("webhook:ops");
    ASSERT_TRUE(second);
    EXPECT_THAT(titles(*second), ElementsAre("b"));
    EXPECT_EQ(second->notifications[0].alert.status, AlertStatus::active) << "before its end";
    EXPECT_TRUE(finish(*second, {}));
    EXPECT_THAT(titles(*claim("webhook:ops")), ElementsAre("b"));
    EXPECT_EQ(database_.text("SELECT string_agg(state, ' ' ORDER BY notification_id)"
                             " FROM monitoring.notifications WHERE channel = 'webhook:ops'"),
              "failed delivered pending");
}

TEST_F(Outbox, NothingGoesOnWhereNothingCanBeSent) {
    open("a");
    open("b");
    const auto message = claim("webhook:ops");
    ASSERT_TRUE(message);
    EXPECT_TRUE(finish(*message, {DeliveryOutcome::impossible, "no such channel", 0ms}));
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.notifications"
                               " WHERE channel = 'webhook:ops' AND state = 'failed'"),
              2);
}

TEST_F(Outbox, WhatWaitsTooLongIsGivenUpAndRedisSooner) {
    open("a");
    database_.run("UPDATE monitoring.notifications SET created_at = now() - interval '1 hour'");
    EXPECT_EQ(expire_notifications(*database_.pool().acquire(), 24h, 5min), 1);
    database_.run("UPDATE monitoring.notifications SET created_at = now() - interval '25 hours'");
    EXPECT_EQ(expire_notifications(*database_.pool().acquire(), 24h, 5min), 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.notifications"
                               " WHERE state = 'failed'"),
              2);
}

TEST_F(Outbox, FiringAlertsThatAChannelWasToldOfCanBeRepeated) {
    const auto a = open("a");
    open("b");
    change(open("c"), AlertStatus::resolved);
    change(a, AlertStatus::acknowledged);
    const auto session = database_.pool().acquire();
    const auto open_ones = read_open_told(*session, "webhook:ops", 100);
    ASSERT_EQ(open_ones.size(), 2U);
    EXPECT_THAT(read_open_told(*session, "slack:dev", 100), IsEmpty());
    EXPECT_TRUE(claim_channel(*session, "webhook:ops", "repeat", 60s));
    EXPECT_FALSE(claim("webhook:ops"));
    release_channel(*session, "webhook:ops", "repeat", 60s);
    EXPECT_FALSE(claim("webhook:ops")) << "it asked to wait";
    EXPECT_FALSE(claim_channel(*session, "webhook:ops", "repeat", 60s));
    database_.run("UPDATE monitoring.notification_channels SET retry_at = now()");
    EXPECT_TRUE(claim_channel(*session, "webhook:ops", "repeat", 60s));
    release_channel(*session, "webhook:ops", "repeat", 0s);
    EXPECT_TRUE(claim("webhook:ops"));
}

TEST_F(Outbox, GoesWithItsAlert) {
    open("a");
    database_.run("DELETE FROM monitoring.alerts");
    EXPECT_THAT(rows(), IsEmpty());
    EXPECT_FALSE(claim("webhook:ops"));
}

}  // namespace
}  // namespace chorus::store
