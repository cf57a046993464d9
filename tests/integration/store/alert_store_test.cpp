// The life of alerts in PostgreSQL: one open alert per fingerprint, stamps, who may change what.
#include "aggregator/alert_store/alert_store.h"

#include <gmock/gmock.h>

#include <thread>

#include "aggregator/alert_store/silence_store.h"
#include "alerts_fixture.h"

namespace chorus::store {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Alerts, FingerprintsTellEveryPartApart) {
    EXPECT_THAT(alert_fingerprint("a", "b", "c"), SizeIs(32));
    EXPECT_EQ(alert_fingerprint("a", "b", "c"), alert_fingerprint("a", "b", "c"));
    EXPECT_NE(alert_fingerprint("ab", "", ""), alert_fingerprint("a", "b", ""));
    EXPECT_NE(alert_fingerprint("a", "b:1:c"), alert_fingerprint("a", "b", "c"));
}

TEST_F(Alerts, OpenAlertIsBumpedInsteadOfOpenedTwice) {
    const auto first = open(alert(), now_);
    EXPECT_TRUE(first.created);
    EXPECT_EQ(first.status, AlertStatus::active);
    auto newer = alert();
    newer.metadata_json = R"({"current_value":97})";
    newer.description = "cpu is busier";
    const auto second = open(newer, now_ + seconds{60});
    EXPECT_FALSE(second.created);
    EXPECT_EQ(second.id, first.id);
    const auto stored = row(first.id);
    EXPECT_EQ(stored.occurrences, 2);
    EXPECT_EQ(stored.created_at, now_);
    EXPECT_EQ(stored.last_seen_at, now_ + seconds{60});
    EXPECT_EQ(stored.metadata_json, R"({"current_value": 97})");
    EXPECT_EQ(stored.description, "cpu is busier");
    EXPECT_THAT(history(first.id), ElementsAre(">active by rule:CPU: "));
}

TEST_F(Alerts, ResolvedAlertStaysAndTheNextFiringIsANewOne) {
    const auto first = open(alert(), now_);
    EXPECT_EQ(change({.alert_id = first.id, .actor = "auto"}, now_ + seconds{60}),
              ChangeResult::changed);
    const auto second = open(alert(), now_ + seconds{120});
    EXPECT_TRUE(second.created);
    EXPECT_NE(second.id, first.id);
    EXPECT_EQ(row(first.id).status, AlertStatus::resolved);
    EXPECT_EQ(row(first.id).resolved_by, "auto");
}

TEST_F(Alerts, SetIsOpenedByOneStatementAndAnsweredInItsOrder) {
    const auto known = open(alert("system:b"), now_);
    std::vector<NewAlert> set{alert("system:c"), alert("system:b"), alert("system:a"),
                              alert("system:c")};
    const auto opened =
        commit([&](Session& session) { return open_alerts(session, set, now_ + seconds{60}); });
    ASSERT_THAT(opened, SizeIs(4));
    EXPECT_TRUE(opened[0].created);
    EXPECT_FALSE(opened[1].created);
    EXPECT_EQ(opened[1].id, known.id);
    EXPECT_TRUE(opened[2].created);
    EXPECT_FALSE(opened[3].created);
    EXPECT_EQ(opened[3].id, opened[0].id);
    EXPECT_EQ(row(opened[0].id).occurrences, 2);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"), 3);
    EXPECT_THAT(commit([&](Session& session) { return open_alerts(session, {}, now_); }),
                IsEmpty());
}

TEST_F(Alerts, ChangedSeverityOfAnOpenAlertIsAStepOfItsHistory) {
    const auto opened = open(alert(), now_);
    auto worse = alert();
    worse.severity = Severity::critical;
    open(worse, now_ + seconds{60});
    EXPECT_EQ(row(opened.id).severity, Severity::critical);
    EXPECT_THAT(history(opened.id),
                ElementsAre(">active by rule:CPU: ",
                            "active>active by rule:CPU: severity changed from high to critical"));
}

TEST_F(Alerts, AlertThatASilenceFitsBeginsSuppressed) {
    database_.run(
        "INSERT INTO monitoring.alert_rules (id, name, name_key, rule_type, condition, severity)"
        " VALUES ('00000000-0000-4000-8000-000000000001', 'CPU', 'cpu', 'system_metric', '{}',"
        " 'high')");
    SilenceRow silence;
    silence.id = Uuid::random();
    silence.matchers = {.hostname = "web-*", .rule_name = "CP?"};
    silence.starts_at = silence.created_at = silence.updated_at = now_;
    silence.ends_at = now_ + std::chrono::hours{1};
    commit([&](Session& session) {
        insert_silence(session, silence);
        return 0;
    });
    EXPECT_EQ(open(alert("no rule"), now_).status, AlertStatus::active);
    auto silenced = alert();
    silenced.rule_id = Uuid::parse("00000000-0000-4000-8000-000000000001");
    const auto opened = open(silenced, now_);
    EXPECT_EQ(opened.status, AlertStatus::suppressed);
    EXPECT_EQ(row(opened.id).suppressed_by, silence_reason(silence.id));
    // A bump changes neither state nor reason, also when the silence is over.
    EXPECT_EQ(open(silenced, now_ + std::chrono::hours{2}).status, AlertStatus::suppressed);
    EXPECT_EQ(change({.alert_id = opened.id, .to = AlertStatus::active, .actor = "silence:1"},
                     now_ + seconds{120}),
              ChangeResult::changed);
    EXPECT_EQ(row(opened.id).suppressed_by, std::nullopt);
    EXPECT_THAT(history(opened.id),
                ElementsAre(">suppressed by rule:CPU: ", "suppressed>active by silence:1: "));
}

TEST_F(Alerts, CallerMaySuppressForAnotherReason) {
    auto inhibited = alert();
    inhibited.suppressed_by = "host_silent";
    const auto opened = open(inhibited, now_);
    EXPECT_EQ(opened.status, AlertStatus::suppressed);
    EXPECT_EQ(row(opened.id).suppressed_by, "host_silent");
}

TEST_F(Alerts, StampsAreSetOnceAndClearedByReopening) {
    const auto id = open(alert(), now_).id;
    const StatusChange acknowledge{.alert_id = id,
                                   .to = AlertStatus::acknowledged,
                                   .actor = "operator",
                                   .by = "alice",
                                   .comment = "on it"};
    EXPECT_EQ(change(acknowledge, now_ + seconds{1}), ChangeResult::changed);
    EXPECT_EQ(change(acknowledge, now_ + seconds{2}), ChangeResult::unchanged);
    EXPECT_EQ(row(id).acknowledged_at, now_ + seconds{1});
    EXPECT_EQ(row(id).acknowledged_by, "alice");
    EXPECT_EQ(row(id).updated_at, now_ + seconds{1});
    const StatusChange resolve{.alert_id = id, .actor = "bob"};
    EXPECT_EQ(change(resolve, now_ + seconds{3}), ChangeResult::changed);
    EXPECT_EQ(change(resolve, now_ + seconds{4}), ChangeResult::unchanged);
    EXPECT_EQ(row(id).acknowledged_by, "alice");
    EXPECT_EQ(row(id).resolved_at, now_ + seconds{3});
    EXPECT_EQ(row(id).resolved_by, "bob");
    EXPECT_EQ(change(acknowledge, now_ + seconds{5}), ChangeResult::not_allowed);
    EXPECT_EQ(change({.alert_id = id, .to = AlertStatus::suppressed, .actor = "bob"}, now_),
              ChangeResult::not_allowed);
    EXPECT_EQ(
        change({.alert_id = id, .to = AlertStatus::active, .actor = "bob"}, now_ + seconds{6}),
        ChangeResult::changed);
    const auto reopened = row(id);
    EXPECT_EQ(reopened.status, AlertStatus::active);
    EXPECT_EQ(reopened.acknowledged_at, std::nullopt);
    EXPECT_EQ(reopened.acknowledged_by, std::nullopt);
    EXPECT_EQ(reopened.resolved_at, std::nullopt);
    EXPECT_EQ(reopened.resolved_by, std::nullopt);
    EXPECT_THAT(history(id),
                ElementsAre(">active by rule:CPU: ", "active>acknowledged by operator: on it",
                            "acknowledged>resolved by bob: ", "resolved>active by bob: "));
}

TEST_F(Alerts, ManyChangesAreAnsweredInTheirOrder) {
    const auto a = open(alert("a"), now_).id;
    const auto b = open(alert("b"), now_).id;
    ASSERT_EQ(change({.alert_id = b, .actor = "x"}, now_), ChangeResult::changed);
    const std::vector<StatusChange> changes{
        {.alert_id = b, .actor = "x"},
        {.alert_id = Uuid::random(), .actor = "x"},
        {.alert_id = a, .actor = "x"},
    };
    EXPECT_THAT(
        commit([&](Session& session) { return change_statuses(session, changes, now_); }),
        ElementsAre(ChangeResult::unchanged, ChangeResult::not_found, ChangeResult::changed));
}

TEST_F(Alerts, ReopeningBesideAnOpenTwinIsRefused) {
    const auto old = open(alert(), now_).id;
    change({.alert_id = old, .actor = "x"}, now_);
    open(alert(), now_);
    const StatusChange reopen{.alert_id = old, .to = AlertStatus::active, .actor = "x"};
    try {
        change(reopen, now_);
        FAIL() << "two alerts of one fingerprint are open";
    } catch (const DatabaseError& e) {
        EXPECT_EQ(e.sqlstate(), sqlstate::kUniqueViolation);
    }
}

TEST_F(Alerts, NothingRemainsOfATransactionThatRollsBack) {
    {
        const auto session = database_.pool().acquire();
        const Transaction transaction{*session};
        open_alert(*session, alert(), now_);
    }
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alerts"), 0);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"), 0);
}

TEST_F(Alerts, WritersOfOneFingerprintAtOnceOpenOneAlert) {
    constexpr int kWriters = 4, kRounds = 25;
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
        writers.emplace_back([&, w] {
            for (int i = 0; i < kRounds; ++i) {
                // Opposite orders, so that a lock order of the caller's would deadlock.
                std::vector<NewAlert> set{alert("a"), alert("b"), alert("c")};
                if (w % 2 == 1) std::swap(set[0], set[2]);
                const auto session = database_.pool().acquire();
                Transaction transaction{*session};
                open_alerts(*session, set, now_);
                transaction.commit();
            }
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alerts"), 3);
    EXPECT_EQ(database_.number("SELECT min(occurrences) FROM monitoring.alerts"),
              kWriters * kRounds);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"), 3);
}

}  // namespace
}  // namespace chorus::store
