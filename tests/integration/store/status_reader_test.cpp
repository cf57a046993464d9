// Hosts, tokens and durability as the API reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aggregator/access/token_store.h"
#include "aggregator/alert_store/alert_stats.h"
#include "aggregator/history/host_reader.h"
#include "aggregator/history/status_reader.h"
#include "readers_fixture.h"

namespace chorus::store {
namespace {

using testing::ElementsAre;

TEST_F(Readers, HostsAreJudgedByTheirSilence) {
    database_.run(
        "UPDATE monitoring.hosts SET last_seen = '2026-01-02 10:00+00', interval_seconds = 30,"
        " labels = '{\"role\": \"web\"}'");
    ManualClock clock{at("2026-01-02T10:01:30Z")};
    const HostReader reader{database_.pool(), clock};
    EXPECT_EQ(reader.find("web-01")->status, HostStatus::up);
    clock.advance(std::chrono::seconds{1});
    EXPECT_EQ(reader.find("web-01")->status, HostStatus::stale);
    clock.advance(std::chrono::seconds{210});
    EXPECT_EQ(reader.list()[0].status, HostStatus::down);
    EXPECT_EQ(reader.list()[0].hostname, "db-01");
    EXPECT_EQ(reader.find("web-01")->labels_json, R"({"role": "web"})");
    EXPECT_EQ(reader.find("web-01")->agent_id, std::nullopt);
    EXPECT_FALSE(reader.find("nobody"));
    database_.run(
        "UPDATE monitoring.hosts SET last_seen = '2026-01-02 10:05+00' WHERE hostname = 'web-01'");
    EXPECT_EQ(reader.last_seen()->hostname, "web-01");
}

TEST(AlertStats, CountsByStatusAndSeverity) {
    FilledDatabase database;
    database.run(
        "INSERT INTO monitoring.alerts (alert_type, severity, source, title, status)"
        " SELECT 't', s, 's', 't', a FROM unnest(ARRAY['critical', 'low', 'low']) AS s,"
        " unnest(ARRAY['active', 'resolved']) AS a");
    const auto stats = read_alert_stats(database.pool());
    EXPECT_EQ(stats.total, 6);
    EXPECT_EQ(stats.active, 3);
    EXPECT_EQ(stats.resolved, 3);
    EXPECT_EQ(stats.acknowledged, 0);
    EXPECT_THAT(stats.by_severity, ElementsAre(2, 0, 0, 4, 0));
    EXPECT_THAT(stats.active_by_severity, ElementsAre(1, 0, 0, 2, 0));
}

TEST(TokenStore, TokenLivesUntilItIsRevoked) {
    FilledDatabase database;
    TokenStore tokens{database.pool()};
    const std::string hash(32, '\x01');
    const auto insert = [&](const std::string& name, const std::string& role,
                            const std::string& its_hash) {
        return insert_token(*database.pool().acquire(),
                            {.name = name, .role = role, .hash = its_hash});
    };
    const auto token = insert("web-01", "agent", hash);
    EXPECT_THROW(insert("x", "root", std::string(32, '\x02')), std::invalid_argument);
    EXPECT_THROW(insert("x", "agent", "short"), DatabaseError);
    EXPECT_THROW(insert("x", "agent", hash), DatabaseError);
    EXPECT_EQ(tokens.find_by_hash(hash)->role, "agent");
    EXPECT_FALSE(tokens.find_by_hash(std::string(32, '\x09')));

    const auto first = Uuid::random();
    EXPECT_EQ(tokens.bind_agent(token.token_id, first), first);
    EXPECT_EQ(tokens.bind_agent(token.token_id, Uuid::random()), first);
    EXPECT_EQ(tokens.find_by_hash(hash)->agent_id, first);

    tokens.touch(token.token_id);
    EXPECT_TRUE(tokens.list()[0].last_used_at);
    EXPECT_TRUE(tokens.revoke(token.token_id));
    EXPECT_FALSE(tokens.revoke(token.token_id));
    EXPECT_FALSE(tokens.find_by_hash(hash));
    EXPECT_EQ(tokens.bind_agent(token.token_id, first), std::nullopt);
    ASSERT_EQ(tokens.list().size(), 1U);
    EXPECT_TRUE(tokens.list()[0].revoked_at);
}

TEST_F(Readers, StatusTellsDurability) {
    const auto durability = read_durability(database_.pool());
    const auto server = database_.text("SELECT current_setting('fsync')");
    EXPECT_EQ(durability.durable, server == "on");
    EXPECT_NO_THROW(ping(database_.pool()));
}

}  // namespace
}  // namespace chorus::store
