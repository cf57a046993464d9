// Partitions come in time and go in time.
#include "aggregator/schema/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "test_database.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The database's clock cannot be set, so the tests' clock stands at its now: day(0) is today.
class RetentionTest : public testing::Test {
  protected:
    RetentionTest() : clock_(SystemClock{}.now()) {
        host_ = database_.add_host("web-01");
        layout_ = database_.add_layout({{"cpu_usage_percent", "", "percent"}});
    }

    Timestamp day(int offset) const {
        return std::chrono::floor<days>(clock_.now()) + days{offset};
    }
    std::string partition(const std::string& table, int offset) const {
        auto text = format_timestamp(day(offset)).substr(0, 10);
        std::erase(text, '-');
        return table + "_" + text;
    }
    void add_batch_on(int offset) {
        database_.add_batch(host_, layout_, format_timestamp(day(offset) + hours{1}),
                            "ARRAY[1]::float8[]");
    }
    // A sample of this moment: shows that the clock is right.
    void add_batch_now() {
        database_.add_batch(host_, layout_, format_timestamp(SystemClock{}.now()),
                            "ARRAY[1]::float8[]");
    }
    std::vector<std::string> partitions(const std::string& table) {
        std::vector<std::string> names;
        const auto session = database_.pool().acquire();
        for (const auto row :
             session->execute_once("SELECT partition FROM monitoring.batch_partitions($1)",
                                   Parameters{}.text(table))) {
            names.emplace_back(row.text(0));
        }
        return names;
    }
    RetentionOutcome run(Retention retention, bool confirmed = false) {
        Partitions known{database_.pool(), clock_, retention};
        return RetentionJob{database_.pool(), clock_, known, retention}.run(std::nullopt,
                                                                            confirmed);
    }

    FilledDatabase database_;
    ManualClock clock_;
    std::int32_t host_ = 0;
    std::int32_t layout_ = 0;
};

TEST_F(RetentionTest, PartitionsAreMadeAheadOnce) {
    Partitions known{database_.pool(), clock_, Retention{}};
    EXPECT_EQ(known.ensure_ahead(), 15);  // three tables, five days
    EXPECT_EQ(known.ensure_ahead(), 0);
    EXPECT_THAT(partitions("process_batches"),
                ElementsAre(partition("process_batches", -1), partition("process_batches", 0),
                            partition("process_batches", 1), partition("process_batches", 2),
                            partition("process_batches", 3)));
}

TEST_F(RetentionTest, LateBatchGetsItsDayAndOneOutsideWhatIsKeptDoesNot) {
    Retention retention;
    retention.system = days{30};
    retention.process = days{7};
    Partitions known{database_.pool(), clock_, retention};
    EXPECT_TRUE(known.ensure_for(day(-20)));
    EXPECT_TRUE(known.ensure_for(day(-20) + hours{23}));
    const Timestamp ahead = clock_.now() + hours{47};  // tomorrow, or the day after
    EXPECT_TRUE(known.ensure_for(ahead));
    EXPECT_FALSE(known.ensure_for(clock_.now() + hours{49}));
    EXPECT_FALSE(known.ensure_for(clock_.now() - days{31}));
    EXPECT_FALSE(known.ensure_for(at("1970-01-01T00:00:00Z")));
    EXPECT_THAT(partitions("system_batches"),
                ElementsAre(partition("system_batches", -20),
                            partition("system_batches", ahead < day(2) ? 1 : 2)));
    retention.system.reset();  // kept for ever, and still bounded
    Partitions for_ever{database_.pool(), clock_, retention};
    EXPECT_TRUE(for_ever.ensure_for(clock_.now() - days{399}));
    EXPECT_FALSE(for_ever.ensure_for(clock_.now() - days{401}));
}

TEST_F(RetentionTest, ManyWritersMakeOnePartition) {
    Partitions known{database_.pool(), clock_, Retention{}};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            Partitions own{database_.pool(), clock_, Retention{}};
            for (int offset = -3; offset <= 1; ++offset) EXPECT_TRUE(own.ensure_for(day(offset)));
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(partitions("system_batches").size(), 5U);
}

TEST_F(RetentionTest, OnlyDaysThatEndedBeforeTheRetentionGo) {
    for (const int offset : {-9, -8, -7, -6}) add_batch_on(offset);
    add_batch_now();
    database_.add_processes(host_, "worker", 2);
    database_.run("UPDATE monitoring.processes SET last_seen_day = '" +
                  format_timestamp(day(0)).substr(0, 10) + "'::date - pid * 6");
    database_.run(
        "INSERT INTO monitoring.events (host_id, ts, type) SELECT host_id, now() -"
        " interval '9 days', 'oom_kill' FROM monitoring.hosts");
    Retention retention;
    retention.system = days{7};
    retention.process = days{7};
    retention.events = days{8};
    const auto outcome = run(retention);
    EXPECT_EQ(outcome.refused, "");
    // Seven days back lies within day -7: that day stays, day -8 ended before.
    EXPECT_THAT(outcome.dropped_partitions,
                ElementsAre(partition("system_batches", -9), partition("system_batches", -8),
                            partition("process_batches", -9), partition("process_batches", -8),
                            partition("service_checks", -9), partition("service_checks", -8)));
    EXPECT_EQ(outcome.system_batches_deleted, 2);
    EXPECT_EQ(outcome.process_batches_deleted, 0);
    EXPECT_EQ(outcome.processes_deleted, 1);
    EXPECT_EQ(outcome.events_deleted, 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_metrics"), 3);
    EXPECT_THAT(run(retention).dropped_partitions, IsEmpty());
}

TEST_F(RetentionTest, LayoutsGoWithTheBatchesThatUsedThem) {
    add_batch_now();
    const auto last = database_.add_layout({{"memory_usage_percent", "", "percent"}});
    const auto use = [&](std::int32_t layout, int offset) {
        database_.run("UPDATE monitoring.layouts SET last_used_day = '" +
                      format_timestamp(day(offset)).substr(0, 10) +
                      "' WHERE layout_id = " + std::to_string(layout));
    };
    use(layout_, -8);
    use(last, -7);
    Retention retention;
    retention.system.reset();
    EXPECT_EQ(run(retention).layouts_deleted, 0);  // kept for ever
    retention.system = days{7};
    EXPECT_EQ(run(retention).layouts_deleted, 1);
    EXPECT_EQ(database_.text("SELECT string_agg(metric_type, ',') FROM monitoring.layout_entries"),
              "memory_usage_percent");
}

TEST_F(RetentionTest, TablesHaveTheirOwnRetentionAndNoneKeepsAll) {
    add_batch_on(-20);
    add_batch_now();
    Retention retention;
    retention.system.reset();
    EXPECT_THAT(run(retention).dropped_partitions, ElementsAre(partition("process_batches", -20)));
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_batches"), 2);
}

TEST_F(RetentionTest, ResolvedAlertsGoByTheirLastChange) {
    add_batch_now();
    database_.run(
        "INSERT INTO monitoring.alerts (id, alert_type, severity, source, title, status, "
        "updated_at)"
        " SELECT gen_random_uuid(), 't', 'low', 's', s, s, now() - age FROM"
        " unnest(ARRAY['active', 'resolved']) AS s,"
        " unnest(ARRAY[interval '1 day', interval '91 days']) AS age;"
        "INSERT INTO monitoring.alert_transitions (alert_id, to_status)"
        " SELECT id, status FROM monitoring.alerts");
    database_.run(
        "INSERT INTO monitoring.alert_contexts SELECT id, now(), '{}' FROM monitoring.alerts");
    EXPECT_EQ(run(Retention{}).alerts_deleted, 1);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alerts"), 3);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_transitions"), 3);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.alert_contexts"), 3);
}

TEST_F(RetentionTest, ExpiredSilencesGoLikeResolvedAlertsAndKeysAfterADay) {
    add_batch_now();
    database_.run(
        "INSERT INTO monitoring.silences (id, hostname, starts_at, ends_at, time_zone, windows,"
        " created_by, comment, created_at, updated_at)"
        " SELECT gen_random_uuid(), '*', now() - interval '1 year', e, 'UTC', '[]', 'a', 'c', "
        "now(),"
        " now() FROM unnest(ARRAY[NULL, now() - interval '89 days', now() - interval '91 days']) e;"
        "INSERT INTO monitoring.idempotency_keys (scope, key, request_hash, status, headers, body,"
        " created_at)"
        " SELECT 's', age::text, '', 201, '{}', '', now() - age"
        " FROM unnest(ARRAY[interval '23 hours', interval '25 hours']) age");
    run(Retention{});
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.silences"), 2);
    EXPECT_EQ(database_.text("SELECT string_agg(key, ',') FROM monitoring.idempotency_keys"),
              "23:00:00");
    Retention for_ever;
    for_ever.resolved_alerts.reset();
    database_.run("UPDATE monitoring.silences SET ends_at = starts_at WHERE ends_at IS NOT NULL");
    run(for_ever);
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.silences"), 2);
}

TEST_F(RetentionTest, SessionsAndTheirLinksGoAMonthAfterTheirEnd) {
    add_batch_now();
    database_.run(
        "INSERT INTO monitoring.tokens (name, role, hash, is_session, uses_left, expires_at,"
        " revoked_at)"
        " SELECT name, role, sha256(name::bytea), session, uses, now() - expired, now() - revoked"
        " FROM (VALUES"
        " ('open', 'admin', true, NULL::int, interval '-1 hour', NULL::interval),"
        " ('young', 'admin', true, NULL, interval '29 days', NULL),"
        " ('ended', 'admin', true, NULL, interval '31 days', NULL),"
        " ('revoked', 'admin', true, NULL, interval '29 days', interval '31 days'),"
        " ('link', 'signin', false, 1, interval '31 days', NULL),"
        " ('new link', 'signin', false, 0, interval '29 days', NULL),"
        // The history of tokens that somebody made is kept.
        " ('replaced', 'admin', false, NULL, interval '31 days', NULL),"
        " ('gone', 'viewer', false, NULL, NULL, interval '31 days'),"
        " ('enrolment', 'enrol', false, 0, interval '31 days', NULL)"
        ") AS t (name, role, session, uses, expired, revoked)");
    EXPECT_EQ(run(Retention{}).sessions_deleted, 3);
    EXPECT_EQ(database_.text("SELECT string_agg(name, ', ' ORDER BY token_id)"
                             " FROM monitoring.tokens"),
              "open, young, new link, replaced, gone, enrolment");
    EXPECT_EQ(run(Retention{}).sessions_deleted, 0);
}

TEST_F(RetentionTest, ClockThatJumpedForwardDeletesNothingUntilConfirmed) {
    add_batch_on(-8);
    add_batch_now();
    clock_ = ManualClock{SystemClock{}.now() + days{60}};
    const auto outcome = run(Retention{});
    EXPECT_THAT(outcome.refused, HasSubstr("nothing was deleted"));
    EXPECT_THAT(outcome.dropped_partitions, IsEmpty());
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_batches"), 2);
    EXPECT_EQ(run(Retention{}, true).refused, "");
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_batches"), 0);
}

TEST_F(RetentionTest, HourOfSilenceIsToleratedAndMoreIsNot) {
    database_.add_batch(host_, layout_,
                        format_timestamp(SystemClock{}.now() - std::chrono::minutes{55}),
                        "ARRAY[1]::float8[]");
    clock_ = ManualClock{SystemClock{}.now()};
    EXPECT_EQ(run(Retention{}).refused, "");
    clock_.advance(std::chrono::minutes{6});
    EXPECT_NE(run(Retention{}).refused, "");
}

TEST_F(RetentionTest, LockedPartitionIsPostponedAndIngestGoesOn) {
    add_batch_on(-20);
    add_batch_now();
    Retention retention;
    retention.system = days{7};
    Database other{database_.options(1)};
    const auto reader = other.acquire();
    {
        // Somebody reads for a long time; the drop must give up instead of queueing writers.
        Transaction transaction{*reader};
        reader->execute_once("SELECT count(*) FROM monitoring.system_batches");
        RetentionOutcome outcome;
        std::thread cleaner{[&] { outcome = run(retention); }};
        const auto started = std::chrono::steady_clock::now();
        add_batch_now();
        const auto waited = std::chrono::steady_clock::now() - started;
        cleaner.join();
        EXPECT_THAT(outcome.postponed_partitions, ElementsAre(partition("system_batches", -20)));
        // Twice the lock timeout and room for a slow machine; a queue behind the reader never ends.
        EXPECT_LT(waited, std::chrono::seconds{30});
    }
    EXPECT_THAT(run(retention).dropped_partitions, ElementsAre(partition("system_batches", -20)));
    EXPECT_EQ(database_.number("SELECT count(*) FROM monitoring.system_batches"), 2);
}

}  // namespace
}  // namespace chorus::store
