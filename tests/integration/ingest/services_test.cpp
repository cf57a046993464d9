// Checks that agents made: stored with their batch, once, and only among services of its host.
#include "aggregator/service_store/service_reader.h"
#include "aggregator/service_store/service_store.h"
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ServicesTest : public IngestTest {
  protected:
    // A batch that is sent at the moment it was collected, by a host whose clock is right.
    Batch with_check(int agent, std::int64_t seq, const std::string& name,
                     ServiceStatus status = ServiceStatus::healthy) {
        Batch b = batch(agent, seq);
        b.sent_at = b.time;
        AgentServiceCheck check;
        check.name = name;
        check.endpoint = "tcp://127.0.0.1:5432";
        check.status = status;
        check.age = milliseconds{2'000};
        check.interval_seconds = 60;
        if (status == ServiceStatus::healthy) check.response_time_ms = 7;
        if (status == ServiceStatus::unhealthy) check.error = "Connection refused";
        b.services = {check};
        return b;
    }
    void send_at_its_time(const Batch& b) {
        clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(b.time - clock.now()));
        ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    }
    std::optional<store::ServiceState> state(const std::string& name) {
        const auto all = store::ServiceReader{database.pool()}.states();
        const auto found = all.find(name);
        return found == all.end() ? std::nullopt : std::optional{found->second};
    }
};

TEST_F(ServicesTest, ChecksAreStoredUnderNameAndHost) {
    send_at_its_time(with_check(1, 1, "postgres"));
    const auto known = state("postgres@host-1");
    ASSERT_TRUE(known && known->agent);
    EXPECT_EQ(known->status, "healthy");
    EXPECT_EQ(known->endpoint, "tcp://127.0.0.1:5432");
    EXPECT_EQ(known->response_time_ms, 7);
    EXPECT_EQ(known->last_checked, start + seconds{28});
    EXPECT_EQ(known->agent->hostname, "host-1");
    EXPECT_EQ(known->agent->interval_seconds, 60);
    EXPECT_EQ(known->agent->heard_at, start + seconds{28});
    EXPECT_EQ(database.text("SELECT concat_ws(' ', service_name, status, response_time_ms,"
                            " \"timestamp\") FROM monitoring.service_health_history"),
              "postgres@host-1 healthy 7 2026-01-15 10:00:28+00");
    EXPECT_EQ(database.text("SELECT concat_ws(' ', checks, healthy, answers, response_ms_sum)"
                            " FROM monitoring.service_hours"),
              "1 1 1 7");
    EXPECT_EQ(database.text("SELECT hostname FROM monitoring.service_health"), "host-1");
}

TEST_F(ServicesTest, AClaimToHaveWaitedForAgesIsBounded) {
    Batch b = with_check(1, 1, "postgres");
    b.sent_at = *parse_timestamp("9999-12-31T23:59:59Z");
    send_at_its_time(b);
    EXPECT_EQ(rows("service_checks"), 1);
    send_at_its_time(with_check(1, 2, "postgres"));
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
}

TEST_F(ServicesTest, ABatchSentAgainStoresNothingTwice) {
    Batch b = with_check(1, 1, "postgres");
    send_at_its_time(b);
    b.sent_at += seconds{5};
    EXPECT_EQ(aggregator.send(b), IngestResult::duplicate);
    Aggregator other{database.options(), clock};
    EXPECT_EQ(other.send(b), IngestResult::duplicate);
    EXPECT_EQ(rows("service_checks"), 1);
    EXPECT_EQ(database.number("SELECT checks FROM monitoring.service_hours"), 1);
    b.services[0].status = ServiceStatus::timeout;
    EXPECT_EQ(aggregator.send(b), IngestResult::conflict);
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
}

TEST_F(ServicesTest, EachHostHasServicesOfItsOwn) {
    send_at_its_time(with_check(1, 1, "postgres"));
    send_at_its_time(with_check(2, 1, "postgres", ServiceStatus::unhealthy));
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
    EXPECT_EQ(state("postgres@host-2")->status, "unhealthy");
    EXPECT_EQ(state("postgres@host-2")->error, "Connection refused");
}

TEST_F(ServicesTest, AnAggregatorsOwnServiceIsNeverOverwritten) {
    aggregator.partitions.ensure_ahead();
    store::ServiceCheck own;
    own.service = "postgres@host-1";
    own.endpoint = "tcp://db:5432";
    own.time = start - hours{1};
    own.status = ServiceStatus::unhealthy;
    store::record_checks(*database.pool().acquire(), {own});
    send_at_its_time(with_check(1, 1, "postgres"));
    EXPECT_EQ(state("postgres@host-1")->status, "unhealthy");
    EXPECT_FALSE(state("postgres@host-1")->agent);
    EXPECT_EQ(rows("service_checks"), 1);
    // One that is configured later takes the name.
    send_at_its_time(with_check(1, 2, "redis"));
    own.service = "redis@host-1";
    own.time = clock.now();
    store::record_checks(*database.pool().acquire(), {own});
    EXPECT_FALSE(state("redis@host-1")->agent);
}

TEST_F(ServicesTest, LateBatchesAreHistoryAndChangeNoState) {
    send_at_its_time(with_check(1, 20, "postgres"));
    Batch late = with_check(1, 2, "postgres", ServiceStatus::timeout);
    late.sent_at = clock.now();
    ASSERT_EQ(aggregator.send(late), IngestResult::stored);
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
    EXPECT_EQ(database.text("SELECT string_agg(status, ' ' ORDER BY \"timestamp\")"
                            " FROM monitoring.service_health_history"),
              "timeout healthy");
    // What is all there is was heard of as long ago as it was checked.
    Batch only = with_check(2, 2, "redis");
    only.sent_at = clock.now();
    ASSERT_EQ(aggregator.send(only), IngestResult::stored);
    EXPECT_EQ(state("redis@host-2")->agent->heard_at, only.time - seconds{2});
    EXPECT_TRUE(state("redis@host-2")->agent->silent(clock.now()));
}

TEST_F(ServicesTest, AHostWhoseClockIsWrongIsHeardOfNow) {
    Batch b = with_check(1, 1, "postgres");
    b.time += hours{20};
    b.sent_at = b.time + milliseconds{100};
    clock.advance(hours{1});
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(state("postgres@host-1")->agent->heard_at, clock.now() - milliseconds{2'100});
    // Its clock is set right: the newest check still counts as the newest.
    Batch next = with_check(1, 2, "postgres", ServiceStatus::unhealthy);
    clock.advance(seconds{30});
    ASSERT_EQ(aggregator.send(next), IngestResult::stored);
    EXPECT_EQ(state("postgres@host-1")->status, "unhealthy");
}

TEST_F(ServicesTest, ChecksOfTheDayBeforeFindTheirPlace) {
    Batch b = with_check(1, 1, "postgres");
    b.time = store::at("2026-01-15T00:00:01Z");
    b.sent_at = b.time;
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT \"timestamp\"::text FROM monitoring.service_health_history"),
              "2026-01-14 23:59:59+00");
}

TEST_F(ServicesTest, SeveralChecksOfOneServiceInOneBatchAllCount) {
    Batch b = with_check(1, 1, "postgres");
    b.services.push_back(b.services[0]);
    b.services[0].age = milliseconds{22'000};
    b.services[0].status = ServiceStatus::timeout;
    b.services[0].response_time_ms.reset();
    send_at_its_time(b);
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
    EXPECT_EQ(rows("service_checks"), 2);
    EXPECT_EQ(database.text("SELECT concat_ws(' ', checks, healthy, answers)"
                            " FROM monitoring.service_hours"),
              "2 1 1");
}

TEST_F(ServicesTest, ResultsComeNoMoreOftenThanBatches) {
    Batch b = with_check(1, 1, "postgres");
    b.agent.interval_seconds = 600;
    send_at_its_time(b);
    EXPECT_EQ(state("postgres@host-1")->agent->interval_seconds, 600);
    EXPECT_FALSE(state("postgres@host-1")->agent->silent(clock.now() + minutes{29}));
    EXPECT_TRUE(state("postgres@host-1")->agent->silent(clock.now() + minutes{32}));
}

TEST_F(ServicesTest, AHostHasOnlySoManyServices) {
    for (int part = 0; part < 5; ++part) {
        Batch b = with_check(1, part + 1, "x");
        b.services.resize(50, b.services[0]);
        for (int i = 0; i < 50; ++i) {
            b.services[static_cast<std::size_t>(i)].name =
                "s" + std::to_string(part) + "-" + std::to_string(i);
        }
        send_at_its_time(b);
    }
    EXPECT_EQ(rows("services"), store::kServicesPerHost);
    // Those it has go on, and other hosts have their own room.
    send_at_its_time(with_check(1, 6, "s0-0", ServiceStatus::unhealthy));
    EXPECT_EQ(state("s0-0@host-1")->status, "unhealthy");
    send_at_its_time(with_check(2, 6, "postgres"));
    EXPECT_TRUE(state("postgres@host-2"));
}

TEST_F(ServicesTest, AllAgentsTogetherHaveOnlySoManyServices) {
    send_at_its_time(with_check(1, 1, "first"));
    database.run(
        "INSERT INTO monitoring.services (name, endpoint, status, status_since, last_checked,"
        " host_id, interval_seconds, heard_at)"
        " SELECT 's' || n, '', 'healthy', now(), now(), host_id, 60, now()"
        " FROM monitoring.hosts, generate_series(1, " +
        std::to_string(store::kServicesOfAgents - 2) + ") n");
    Batch b = with_check(2, 2, "a");
    b.services.push_back(b.services[0]);
    b.services[1].name = "b";
    send_at_its_time(b);
    EXPECT_TRUE(state("a@host-2"));
    EXPECT_FALSE(state("b@host-2"));
    EXPECT_EQ(rows("services"), store::kServicesOfAgents);
    // The aggregator's own do not count.
    store::ServiceCheck own;
    own.service = "web";
    own.time = clock.now();
    store::record_checks(*database.pool().acquire(), {own});
    EXPECT_TRUE(state("web"));
}

TEST_F(ServicesTest, AServiceIsGoneOnceItsHostReportsWithoutItForLong) {
    send_at_its_time(with_check(1, 1, "postgres"));
    // A host that says nothing has taken nothing away.
    clock.advance(hours{48});
    ASSERT_TRUE(state("postgres@host-1"));
    EXPECT_TRUE(state("postgres@host-1")->agent->silent(clock.now()));
    // Nor has its first batch after that, which comes before its checks are made.
    std::int64_t seq = 2;
    const auto report_without = [&] {
        Batch without = batch(1, seq++);
        without.time = without.sent_at = clock.now();
        send_at_its_time(without);
    };
    report_without();
    EXPECT_TRUE(state("postgres@host-1"));
    for (int minute = 0; minute < 30; ++minute) {
        clock.advance(minutes{1});
        report_without();
    }
    EXPECT_TRUE(state("postgres@host-1"));
    clock.advance(minutes{1});
    report_without();
    EXPECT_FALSE(state("postgres@host-1"));
    // It is back with its history.
    Batch again = with_check(1, seq, "postgres");
    again.time = again.sent_at = clock.now() + seconds{30};
    send_at_its_time(again);
    EXPECT_TRUE(state("postgres@host-1"));
    EXPECT_EQ(rows("service_checks"), 2);
}

TEST_F(ServicesTest, AHostThatIsRenamedKeepsItsServices) {
    send_at_its_time(with_check(1, 1, "postgres"));
    Batch renamed = with_check(1, 2, "postgres", ServiceStatus::unhealthy);
    renamed.hostname = "new-name";
    send_at_its_time(renamed);
    EXPECT_FALSE(state("postgres@host-1"));
    ASSERT_TRUE(state("postgres@new-name"));
    EXPECT_EQ(state("postgres@new-name")->status, "unhealthy");
    EXPECT_EQ(rows("services"), 1);
    EXPECT_EQ(database.text("SELECT string_agg(status, ' ' ORDER BY \"timestamp\")"
                            " FROM monitoring.service_health_history"
                            " WHERE service_name = 'postgres@new-name'"),
              "healthy unhealthy");
}

TEST_F(ServicesTest, ARenamedHostTakesNoNameThatAServiceHas) {
    aggregator.partitions.ensure_ahead();
    store::ServiceCheck own;
    own.service = "postgres@new-name";
    own.time = start;
    store::record_checks(*database.pool().acquire(), {own});
    send_at_its_time(with_check(1, 1, "postgres"));
    Batch renamed = with_check(1, 2, "postgres");
    renamed.hostname = "new-name";
    send_at_its_time(renamed);
    EXPECT_FALSE(state("postgres@new-name")->agent);
    ASSERT_TRUE(state("postgres@host-1"));
    EXPECT_EQ(state("postgres@host-1")->agent->hostname, "new-name");
    // Who has the old name now has no part in what is left under it.
    Batch other = with_check(2, 3, "postgres", ServiceStatus::unhealthy);
    other.hostname = "host-1";
    send_at_its_time(other);
    EXPECT_EQ(state("postgres@host-1")->status, "healthy");
    EXPECT_EQ(state("postgres@host-1")->agent->hostname, "new-name");
}

TEST_F(ServicesTest, AHostThatIsRemovedTakesItsServicesAlong) {
    send_at_its_time(with_check(1, 1, "postgres"));
    database.run("DELETE FROM monitoring.hosts");
    EXPECT_EQ(rows("services"), 0);
    EXPECT_EQ(rows("service_hours"), 0);
    EXPECT_EQ(rows("service_health_history"), 0);
}

}  // namespace
}  // namespace chorus::ingest
