// Batches of hosts whose clock is far off: stored by the time of receipt, once.
#include <array>

#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Since 1970, a year and more behind, and far ahead.
constexpr std::array kSkews{-days{20'468}, -days{400}, days{26'000}};

class WrongClock : public IngestTest {
  protected:
    // Collected two seconds before it is sent, by that clock, with all that a batch may hold.
    Batch of_clock(int agent, std::int64_t seq, Timestamp now) const {
        Batch b = batch(agent, seq);
        b.sent_at = now;
        b.time = now - seconds{2};
        b.host.boot_time = b.time - minutes{1};
        b.events = {{"oom_kill", b.time, R"({"pid":812})"}};
        AgentServiceCheck check;
        check.name = "postgres";
        check.endpoint = "tcp://127.0.0.1:5432";
        check.status = ServiceStatus::healthy;
        check.interval_seconds = 60;
        b.services = {check};
        return b;
    }
    // Of the system's values, processes, events and service checks.
    std::string stored() {
        std::string counts;
        for (const char* table :
             {"system_batches", "process_batches", "events", "service_checks"}) {
            counts += std::to_string(rows(table)) + ' ';
        }
        return counts;
    }
};

// A board without a clock of its own, one whose battery is empty, and one that is far ahead.
TEST_F(WrongClock, AClockOutsideWhatIsKeptIsReplacedByTheTimeOfReceipt) {
    int agent = 0;
    for (const auto skew : kSkews) {
        ++agent;
        Batch b = batch(agent, 1);
        b.sent_at = clock.now() + skew;
        b.time = b.sent_at - std::chrono::seconds{2};
        EXPECT_EQ(aggregator.send(b), IngestResult::stored);
        // Sent again it is the same, whatever time it was stored under.
        b.sent_at += std::chrono::seconds{40};
        EXPECT_EQ(aggregator.send(b), IngestResult::duplicate);
        Batch next = b;
        next.seq = 2;
        EXPECT_EQ(aggregator.send(next), IngestResult::stored);
        const std::string of = " WHERE hostname = 'host-" + std::to_string(agent) + "'";
        EXPECT_EQ(database.text("SELECT timed_by_receipt::text FROM monitoring.hosts" + of),
                  "true");
        EXPECT_EQ(database.number(
                      "SELECT round(clock_skew_ms / 86400e3)::bigint FROM monitoring.hosts" + of),
                  -skew.count());
        EXPECT_EQ(database.text("SELECT string_agg((received_at - ts)::text, ' ' ORDER BY ts)"
                                " FROM monitoring.system_batches JOIN monitoring.hosts"
                                " USING (host_id)" +
                                of),
                  "00:00:42 00:00:02");
        // Once it is set, times are its own again.
        clock.advance(std::chrono::seconds{30});
        Batch right = batch(agent, 3);
        right.time = clock.now();
        EXPECT_EQ(aggregator.send(right), IngestResult::stored);
        EXPECT_EQ(database.text("SELECT timed_by_receipt::text FROM monitoring.hosts" + of),
                  "false");
    }
    EXPECT_EQ(rows("system_batches"), 9);
}

// Nobody noted when it came for the first time, so it is looked for before this time of receipt.
TEST_F(WrongClock, WhatComesAgainIsADuplicateHoweverLateItComes) {
    int agent = 0;
    for (const auto skew : kSkews) {
        ++agent;
        Batch b = of_clock(agent, 1, clock.now() + skew);
        ASSERT_EQ(aggregator.send(b), IngestResult::stored);
        const std::string once = stored();
        for (const auto wait : {seconds{0}, seconds{1}, seconds{600}, seconds{20 * 3'600}}) {
            clock.advance(wait + std::chrono::milliseconds{30});  // a slower way this time
            b.sent_at += wait;
            EXPECT_EQ(aggregator.send(b), IngestResult::duplicate) << skew.count();
            Aggregator other{database.options(), clock};
            EXPECT_EQ(other.send(b), IngestResult::duplicate) << skew.count();
        }
        Batch bent = b;
        bent.values[0] = 99;
        EXPECT_EQ(aggregator.send(bent), IngestResult::conflict);
        EXPECT_EQ(stored(), once);
    }
    EXPECT_EQ(stored(), "3 3 3 3 ");
}

// The second aggregator's clock is a little behind that of the first one.
TEST_F(WrongClock, WhatComesAgainToAnotherAggregatorIsADuplicateThere) {
    Batch b = of_clock(1, 1, *parse_timestamp("1970-01-01T00:05:00Z"));
    b.time = b.sent_at;
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    SharedClock behind{clock.now() - seconds{2}};
    Aggregator other{database.options(), behind};
    EXPECT_EQ(other.send(b), IngestResult::duplicate);
    EXPECT_EQ(stored(), "1 1 1 1 ");
}

// The answer was lost, and before the batch went out again the clock was set.
TEST_F(WrongClock, WhatComesAgainByARightClockIsADuplicate) {
    Batch b = of_clock(1, 1, *parse_timestamp("1970-01-01T00:05:00Z"));
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    clock.advance(minutes{10});
    b.sent_at = clock.now();
    EXPECT_EQ(aggregator.send(b), IngestResult::duplicate);
    // And the other way round: it was right, and is far off by now.
    Batch right = of_clock(2, 1, clock.now());
    ASSERT_EQ(aggregator.send(right), IngestResult::stored);
    clock.advance(minutes{10});
    right.sent_at = *parse_timestamp("2099-01-01T00:00:00Z");
    EXPECT_EQ(aggregator.send(right), IngestResult::duplicate);
    EXPECT_EQ(stored(), "2 2 2 2 ");
}

// Two batches that come at one moment without a clock of their own are both kept, and once.
TEST_F(WrongClock, BatchesOfOneMomentOfReceiptAreBothKeptOnce) {
    const auto send = [&](std::int64_t seq) {
        Batch b = of_clock(1, seq, *parse_timestamp("1970-01-01T00:05:00Z"));
        b.services.clear();  // a service has one result a moment
        return aggregator.send(std::move(b));
    };
    for (const int seq : {1, 2, 3}) ASSERT_EQ(send(seq), IngestResult::stored);
    clock.advance(seconds{5});
    for (const int seq : {1, 2, 3}) EXPECT_EQ(send(seq), IngestResult::duplicate) << seq;
    EXPECT_EQ(stored(), "3 3 3 0 ");
}

// An agent that started in 1970, and whose host then asked for the time.
TEST_F(WrongClock, WhatWasCollectedBeforeTheClockWasSetIsStoredByTheTimeOfReceipt) {
    Batch b = of_clock(1, 1, clock.now());
    b.time = *parse_timestamp("1970-01-01T00:01:00Z");
    b.host.boot_time = b.time - seconds{60};
    b.events[0].time = b.time - seconds{5};
    ASSERT_EQ(aggregator.send(b), IngestResult::stored);
    EXPECT_EQ(database.text("SELECT (received_at - ts)::text FROM monitoring.system_batches"),
              "00:00:00");
    EXPECT_EQ(database.text("SELECT (received_at - ts)::text FROM monitoring.process_batches"),
              "00:00:00");
    EXPECT_EQ(database.text("SELECT ts::text FROM monitoring.events"), "2026-01-15 10:59:55+00");
    EXPECT_EQ(database.text("SELECT boot_time::text FROM monitoring.hosts"),
              "2026-01-15 10:59:00+00");
    clock.advance(seconds{30});
    b.sent_at = clock.now();
    EXPECT_EQ(aggregator.send(b), IngestResult::duplicate);
    EXPECT_EQ(stored(), "1 1 1 1 ");
}

}  // namespace
}  // namespace chorus::ingest
