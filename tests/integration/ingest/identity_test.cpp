// Who may write which host.
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using std::chrono::seconds;

class HostIdentity : public IngestTest {
  protected:
    // A batch of that agent under another agent's name.
    Batch named(int agent, const std::string& hostname, std::int64_t seq) const {
        Batch b = batch(agent, seq);
        b.hostname = hostname;
        return b;
    }
    std::string hosts() {
        return database.text(
            "SELECT string_agg(host_id || ' ' || hostname || ' ' || coalesce("
            "right(agent_id::text, 2), '-'), ', ' ORDER BY host_id)"
            " FROM monitoring.hosts");
    }
};

TEST_F(HostIdentity, ALiveHostsNameIsNotGivenAway) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    clock.advance(seconds{89});  // 3 intervals are 90 seconds
    EXPECT_EQ(aggregator.send(named(2, "host-1", 1)), IngestResult::host_conflict);
    EXPECT_EQ(hosts(), "1 host-1 01");
    EXPECT_EQ(rows("system_batches"), 1);
}

TEST_F(HostIdentity, ASilentHostsNameIsTakenOver) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    clock.advance(seconds{91});
    ASSERT_EQ(aggregator.send(named(2, "host-1", 1)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 host-1 02");
    // The former agent comes back: now it is the one that has to wait.
    EXPECT_EQ(aggregator.send(batch(1, 2)), IngestResult::host_conflict);
    EXPECT_EQ(rows("system_batches"), 2);
}

TEST_F(HostIdentity, AnAgentWithAHostTakesOverNoSilentHost) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    clock.advance(seconds{3600});
    ASSERT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    EXPECT_EQ(aggregator.send(named(2, "host-1", 2)), IngestResult::host_conflict);
    EXPECT_EQ(hosts(), "1 host-1 01, 2 host-2 02");
    // Not for another aggregator either, which remembers no host.
    Aggregator other{database.options(), clock};
    EXPECT_EQ(other.send(named(2, "host-1", 2)), IngestResult::host_conflict);
    // Both go on under their own names, the silent one where it stopped.
    EXPECT_EQ(aggregator.send(batch(2, 3)), IngestResult::stored);
    EXPECT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 host-1 01, 2 host-2 02");
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.system_batches WHERE host_id = 1"),
              2);
}

// A name is unused again once its host was removed.
TEST_F(HostIdentity, ANameOfARemovedHostMayBeRenamedTo) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    clock.advance(seconds{91});
    ASSERT_EQ(aggregator.send(named(2, "host-1", 2)), IngestResult::host_conflict);
    database.run("DELETE FROM monitoring.hosts WHERE hostname = 'host-1'");
    EXPECT_EQ(aggregator.send(named(2, "host-1", 2)), IngestResult::stored);
    EXPECT_EQ(hosts(), "2 host-1 02");
}

TEST_F(HostIdentity, AnAgentThatRenamesItselfKeepsItsHost) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(named(1, "renamed", 3)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 renamed 01");
    // What it collected before arrives later and changes nothing.
    ASSERT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 renamed 01");
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.system_batches WHERE host_id = 1"),
              3);
}

TEST_F(HostIdentity, ATakenNameIsNoNameToRenameTo) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    EXPECT_EQ(aggregator.send(named(2, "host-1", 2)), IngestResult::host_conflict);
    EXPECT_EQ(aggregator.send(batch(2, 2)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 host-1 01, 2 host-2 02");
}

TEST_F(HostIdentity, ATokenBelongsToTheAgentThatUsesItFirst) {
    const auto token = aggregator.tokens.create("first", "agent", std::string(32, 'h'));
    const Source source{token.token_id, std::nullopt};
    EXPECT_EQ(aggregator.send(batch(1, 1), source), IngestResult::stored);
    EXPECT_EQ(aggregator.send(batch(2, 1), source), IngestResult::agent_mismatch);
    EXPECT_EQ(aggregator.send(batch(1, 2), source), IngestResult::stored);
    // Also where authentication knows the binding already, and for another aggregator.
    const Source bound{token.token_id, batch(1, 1).agent.id};
    EXPECT_EQ(aggregator.send(batch(2, 1), bound), IngestResult::agent_mismatch);
    Aggregator other{database.options(), clock};
    EXPECT_EQ(other.send(batch(2, 1), source), IngestResult::agent_mismatch);
    EXPECT_EQ(rows("hosts"), 1);
}

TEST_F(HostIdentity, ATokenRevokedMeanwhileBindsNobody) {
    const auto token = aggregator.tokens.create("gone", "agent", std::string(32, 'g'));
    aggregator.tokens.revoke(token.token_id);
    EXPECT_EQ(aggregator.send(batch(1, 1), {token.token_id, std::nullopt}),
              IngestResult::agent_mismatch);
}

}  // namespace
}  // namespace chorus::ingest
