// Lists of alerts are read through indexes, whatever they are filtered by, among 100,000 alerts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/alert_store/silence_store.h"
#include "aggregator/service_store/service_alerts.h"
#include "common/clock.h"
#include "test_database.h"

namespace chorus::store {
namespace {

constexpr std::int64_t kAlerts = 100'000;

class AlertPlans : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        database_ = std::make_unique<FilledDatabase>();
        // Alerts of 1,000 hosts and 50 rules over 90 days; one in 100 is open.
        database_->run(
            "INSERT INTO monitoring.alerts (alert_type, severity, source, title, status,"
            " created_at, updated_at, hostname, rule_id, fingerprint)"
            " SELECT 'system_metric', (ARRAY['low', 'high', 'critical'])[1 + i % 3],"
            " 'system:web-' || i % 1000, 't', CASE WHEN i % 100 = 0 THEN 'active' ELSE 'resolved'"
            " END, now() - i * interval '78 seconds', now(), 'web-' || i % 1000,"
            " ('00000000-0000-4000-8000-0000000000' || lpad((i % 50)::text, 2, '0'))::uuid,"
            " md5(i::text) FROM generate_series(1, 100000) AS i");
        database_->pool().acquire()->execute_once("VACUUM ANALYZE monitoring.alerts");
        pool_ = std::make_unique<Database>(database_->options(1));
    }
    static void TearDownTestSuite() {
        pool_.reset();
        database_.reset();
    }

    // Rows of alerts that a piece of work reads, by full scans and through indexes.
    struct Read {
        std::int64_t full;
        std::int64_t indexed;
    };
    template <typename Work>
    static Read read_by(Work work) {
        const auto session = pool_->acquire();
        const auto counters = [&] {
            session->execute_once("SELECT pg_stat_force_next_flush()");
            session->execute_once("SELECT pg_stat_clear_snapshot()");
            const auto rows = session->execute_once(
                "SELECT seq_tup_read, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
                " WHERE relname = 'alerts' AND schemaname = 'monitoring'");
            return Read{rows[0].int8(0), rows[0].int8(1)};
        };
        (void)counters();
        const auto before = counters();
        work(*session);
        (void)counters();
        const auto after = counters();
        return {after.full - before.full, after.indexed - before.indexed};
    }
    static void expect_cheap(const AlertQuery& query, std::size_t rows, std::int64_t most) {
        const auto read =
            read_by([&](Session& session) { EXPECT_EQ(find_alerts(session, query).size(), rows); });
        EXPECT_EQ(read.full, 0);
        EXPECT_LE(read.indexed, most);
    }

    static std::unique_ptr<FilledDatabase> database_;
    static std::unique_ptr<Database> pool_;
};
std::unique_ptr<FilledDatabase> AlertPlans::database_;
std::unique_ptr<Database> AlertPlans::pool_;

TEST_F(AlertPlans, NewestPageStopsAtItsLastRow) {
    expect_cheap({}, 100, 200);
    const auto session = pool_->acquire();
    EXPECT_EQ(count_alerts(*session, {}), kAlerts);
}

TEST_F(AlertPlans, PageBehindACursorDoesNotReadWhatWasReadBefore) {
    AlertQuery query;
    {
        const auto session = pool_->acquire();
        query.offset = 50'000;
        const auto row = find_alerts(*session, query).front();
        query.offset = 0;
        query.after = AlertCursor{row.created_at, row.id};
    }
    expect_cheap(query, 100, 200);
}

TEST_F(AlertPlans, OpenAlertsAreReadAmongOpenOnes) {
    expect_cheap({.statuses = {AlertStatus::active}}, 100, 1'000);
    expect_cheap(
        {.statuses = {AlertStatus::active, AlertStatus::acknowledged, AlertStatus::suppressed},
         .severities = {Severity::critical}},
        100, 1'000);
    expect_cheap({.statuses = {AlertStatus::suppressed}}, 0, 1'000);
}

TEST_F(AlertPlans, AlertsOfAHostOrARuleAreReadAmongItsOwn) {
    expect_cheap({.hostnames = {"web-7"}}, 100, 200);
    expect_cheap({.statuses = {AlertStatus::resolved}, .hostnames = {"web-7", "web-8"}}, 100, 400);
    // By its own index or newest first until the page is full: the planner's choice.
    expect_cheap({.rule_ids = {*Uuid::parse("00000000-0000-4000-8000-000000000007")}}, 100, 6'000);
    expect_cheap({.hostnames = {"nobody"}}, 0, 0);
}

TEST_F(AlertPlans, SilencesLookAtOpenAlertsOnly) {
    const auto read = read_by([](Session& session) {
        EXPECT_EQ(silence_subjects(session).size(), 1'000U);
        EXPECT_FALSE(any_silenced(session));
        EXPECT_TRUE(silent_hosts(session).empty());
    });
    EXPECT_EQ(read.full, 0);
    EXPECT_LE(read.indexed, 3'000);
}

TEST_F(AlertPlans, FailedChecksOfAgentsLookAtOpenAlertsAndAtThoseThatJustEnded) {
    ServiceCheck check;
    check.service = "postgres@web-7";
    check.error = "Connection refused";
    const Timestamp now = SystemClock{}.now() + std::chrono::hours{1};
    const auto read = read_by([&](Session& session) {
        Transaction rolled_back{session};
        const auto outcome =
            update_probe_alerts(session, CheckedBy::agents, {check}, {check.service}, now);
        EXPECT_EQ(outcome.opened, 1);
    });
    EXPECT_EQ(read.full, 0);
    EXPECT_LE(read.indexed, 1'100);
}

TEST_F(AlertPlans, FullScansAreSeenByTheseTests) {
    const auto read = read_by([](Session& session) {
        AlertQuery query;
        query.alert_types = {"none of these"};
        EXPECT_TRUE(find_alerts(session, query).empty());
    });
    EXPECT_GE(read.full + read.indexed, kAlerts);
}

}  // namespace
}  // namespace chorus::store
