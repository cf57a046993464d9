// Who may write which host.
#include <map>

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

// Two machines from one image: one agent id, own names and boot ids.
class ClonedAgent : public HostIdentity {
  protected:
    // What that machine collects and sends now.
    Batch of_machine(int number) {
        Batch b = named(1, "machine-" + std::to_string(number), ++seq_[number]);
        b.epoch.bytes[15] = b.boot_id.bytes[15] = static_cast<std::uint8_t>(number);
        b.time = clock.now();
        b.sent_at = b.time + std::chrono::milliseconds{1};
        return b;
    }
    IngestResult send(int number) {
        clock.advance(seconds{5});
        return aggregator.send(of_machine(number));
    }
    std::string clones() {
        return database.text(
            "SELECT coalesce(clone_hostname, '-') FROM monitoring.hosts WHERE host_id = 1");
    }
    std::map<int, std::int64_t> seq_;
};

TEST_F(ClonedAgent, TheOneThatCameLaterIsRefused) {
    ASSERT_EQ(send(1), IngestResult::stored);
    // It may be the same machine, renamed and booted.
    ASSERT_EQ(send(2), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 machine-2 01");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(send(1), IngestResult::stored);
        EXPECT_EQ(hosts(), "1 machine-1 01");
        EXPECT_EQ(send(2), IngestResult::agent_cloned);
    }
    EXPECT_EQ(hosts(), "1 machine-1 01");
    EXPECT_EQ(clones(), "machine-2");
    EXPECT_EQ(rows("system_batches"), 5);
    // Not for another aggregator either, which remembers no host.
    Aggregator other{database.options(), clock};
    clock.advance(seconds{5});
    EXPECT_EQ(other.send(of_machine(2)), IngestResult::agent_cloned);
    EXPECT_EQ(other.send(of_machine(1)), IngestResult::stored);
}

// The clone went on while the machine was off; that proves nothing against the machine.
TEST_F(ClonedAgent, WhoWentOnAloneIsRefusedAgainOnceTheOtherHasBooted) {
    for (const int number : {1, 2, 1}) ASSERT_EQ(send(number), IngestResult::stored);
    ASSERT_EQ(send(2), IngestResult::agent_cloned);
    clock.advance(std::chrono::minutes{11});
    ASSERT_EQ(send(2), IngestResult::stored);
    clock.advance(seconds{5});
    Batch booted = of_machine(1);
    booted.boot_id.bytes[0] = booted.epoch.bytes[0] = 9;
    ASSERT_EQ(aggregator.send(std::move(booted)), IngestResult::stored);
    EXPECT_EQ(send(2), IngestResult::agent_cloned);
}

// A board without a battery: its clock was ahead before it booted, so how long the batch waited
// nobody knows.
TEST_F(ClonedAgent, ABatchOfAnEarlierBootAndAnotherClockIsNoClone) {
    Batch before = of_machine(1);
    ASSERT_EQ(send(1), IngestResult::stored);
    ASSERT_EQ(send(2), IngestResult::stored);
    before.time = before.sent_at = clock.now() + std::chrono::hours{4};
    before.seq = ++seq_[1];
    EXPECT_EQ(aggregator.send(std::move(before)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 machine-2 01");
    EXPECT_EQ(send(2), IngestResult::stored);
    EXPECT_EQ(clones(), "-");
}

TEST_F(ClonedAgent, OfManyOneGoesOn) {
    for (const int number : {1, 2, 3, 1}) ASSERT_EQ(send(number), IngestResult::stored);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(send(2), IngestResult::agent_cloned);
        EXPECT_EQ(send(3), IngestResult::agent_cloned);
        EXPECT_EQ(send(1), IngestResult::stored);
    }
    EXPECT_EQ(hosts(), "1 machine-1 01");
}

TEST_F(ClonedAgent, WhoWasRefusedDoesNotWinByABootOfTheOther) {
    for (const int number : {1, 2, 1}) ASSERT_EQ(send(number), IngestResult::stored);
    ASSERT_EQ(send(2), IngestResult::agent_cloned);
    clock.advance(seconds{5});
    Batch booted = of_machine(1);
    booted.boot_id.bytes[15] = booted.epoch.bytes[15] = 99;
    ASSERT_EQ(aggregator.send(booted), IngestResult::stored);
    EXPECT_EQ(send(2), IngestResult::agent_cloned);
}

TEST_F(ClonedAgent, GoesOnOnceTheOtherOneIsGone) {
    for (const int number : {1, 2, 1}) ASSERT_EQ(send(number), IngestResult::stored);
    ASSERT_EQ(send(2), IngestResult::agent_cloned);
    clock.advance(std::chrono::minutes{11});
    EXPECT_EQ(send(2), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 machine-2 01");
}

TEST_F(ClonedAgent, WithOneNameTheBootIdsTellThemApart) {
    const auto send_as = [&](int number) {
        clock.advance(seconds{5});
        Batch b = of_machine(number);
        b.hostname = "image";
        return aggregator.send(b);
    };
    for (const int number : {1, 2, 1}) ASSERT_EQ(send_as(number), IngestResult::stored);
    EXPECT_EQ(send_as(2), IngestResult::agent_cloned);
    EXPECT_EQ(send_as(1), IngestResult::stored);
}

TEST_F(ClonedAgent, ContainersOfOneKernelAreToldApartByTheirNames) {
    const auto send_as = [&](int number) {
        clock.advance(seconds{5});
        Batch b = of_machine(number);
        b.boot_id.bytes[15] = 7;
        return aggregator.send(b);
    };
    for (const int number : {1, 2, 1}) ASSERT_EQ(send_as(number), IngestResult::stored);
    EXPECT_EQ(send_as(2), IngestResult::agent_cloned);
}

TEST_F(ClonedAgent, ABootAndARenameAreNone) {
    ASSERT_EQ(send(1), IngestResult::stored);
    // Collected before the boot, sent after it.
    Batch late = of_machine(1);
    clock.advance(seconds{60});
    for (int boot = 10; boot < 14; ++boot) {
        for (int i = 0; i < 2; ++i) {
            clock.advance(seconds{5});
            Batch b = of_machine(1);
            b.boot_id.bytes[15] = b.epoch.bytes[15] = static_cast<std::uint8_t>(boot);
            if (boot >= 12) b.hostname = "renamed";
            ASSERT_EQ(aggregator.send(b), IngestResult::stored) << boot;
        }
    }
    late.sent_at = clock.now();
    EXPECT_EQ(aggregator.send(late), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 renamed 01");
    EXPECT_EQ(clones(), "-");
}

// An agent that tells of another boot each time leaves no more than fifty behind.
TEST_F(ClonedAgent, WhatAHostHasLeftIsBounded) {
    constexpr int kMost = 50;
    for (int boot = 1; boot <= kMost + 5; ++boot) {
        clock.advance(seconds{5});
        Batch b = of_machine(1);
        b.boot_id.bytes[14] = b.epoch.bytes[14] = static_cast<std::uint8_t>(boot);
        ASSERT_EQ(aggregator.send(b), IngestResult::stored) << boot;
        ASSERT_LE(rows("former_machines"), kMost) << boot;
    }
    EXPECT_EQ(rows("former_machines"), kMost);
    // Those that were left last are known.
    EXPECT_EQ(database.text("SELECT string_agg(get_byte(uuid_send(boot_id), 14)::text, ' '"
                            " ORDER BY last_seen DESC) FILTER (WHERE n <= 3)"
                            " FROM (SELECT *, row_number() OVER (ORDER BY last_seen DESC) AS n"
                            "       FROM monitoring.former_machines) AS f"),
              "54 53 52");
}

TEST_F(HostIdentity, ATakenNameIsNoNameToRenameTo) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    ASSERT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    EXPECT_EQ(aggregator.send(named(2, "host-1", 2)), IngestResult::host_conflict);
    EXPECT_EQ(aggregator.send(batch(2, 2)), IngestResult::stored);
    EXPECT_EQ(hosts(), "1 host-1 01, 2 host-2 02");
}

TEST_F(HostIdentity, ATokenBelongsToTheAgentThatUsesItFirst) {
    const auto token =
        store::insert_token(*aggregator.pool.acquire(),
                            {.name = "first", .role = "agent", .hash = std::string(32, 'h')});
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
    const auto token =
        store::insert_token(*aggregator.pool.acquire(),
                            {.name = "gone", .role = "agent", .hash = std::string(32, 'g')});
    aggregator.tokens.revoke(token.token_id);
    EXPECT_EQ(aggregator.send(batch(1, 1), {token.token_id, std::nullopt}),
              IngestResult::agent_mismatch);
}

}  // namespace
}  // namespace chorus::ingest
