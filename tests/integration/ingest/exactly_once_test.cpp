// Each batch is stored exactly once, whatever happens in between.
#include <thread>

#include "aggregator/batches/batch_writer.h"
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using store::WriteResult;

TEST_F(IngestTest, ABatchSentAgainIsADuplicate) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    Batch again = batch(1, 1);
    again.sent_at += std::chrono::seconds{90};
    EXPECT_EQ(aggregator.send(again), IngestResult::duplicate);
    Aggregator other{database.options(), clock};
    EXPECT_EQ(other.send(again), IngestResult::duplicate);
    EXPECT_EQ(rows("system_batches"), 1);
    EXPECT_EQ(rows("process_batches"), 1);
}

TEST_F(IngestTest, OneKeyWithOtherContentIsAConflict) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    Batch other_value = batch(1, 1);
    other_value.values[0] = 99;
    EXPECT_EQ(aggregator.send(other_value), IngestResult::conflict);
    Batch other_time = batch(1, 1);  // a restored snapshot counts on from where it was
    other_time.time += std::chrono::minutes{7};
    EXPECT_EQ(aggregator.send(other_time), IngestResult::conflict);
    EXPECT_EQ(rows("system_batches"), 1);
    other_time.epoch = Uuid::random();
    EXPECT_EQ(aggregator.send(other_time), IngestResult::stored);
    EXPECT_EQ(rows("system_batches"), 2);
}

TEST_F(IngestTest, TwinsWithinOneGroupAreToldApart) {
    store::Partitions partitions{database.pool(), clock, {}};
    store::BatchWriter writer{database.pool(), partitions, clock, {}};
    Batch other = batch(1, 1);
    other.values[0] = 99;
    const auto first = store::prepare_batch(batch(1, 1), clock.now());
    const auto same = store::prepare_batch(batch(1, 1), clock.now());
    const auto bent = store::prepare_batch(std::move(other), clock.now());
    const auto next = store::prepare_batch(batch(1, 2), clock.now());
    const std::vector<const store::PreparedBatch*> group{&first, &same, &next, &bent};
    EXPECT_EQ(writer.write(group), (std::vector{WriteResult::stored, WriteResult::duplicate,
                                                WriteResult::stored, WriteResult::conflict}));
    EXPECT_EQ(writer.write(group), (std::vector{WriteResult::duplicate, WriteResult::duplicate,
                                                WriteResult::duplicate, WriteResult::conflict}));
    EXPECT_EQ(rows("system_batches"), 2);
}

TEST_F(IngestTest, ABatchThatPostgresRefusesDoesNotFailTheOthers) {
    store::Partitions partitions{database.pool(), clock, {}};
    store::BatchWriter writer{database.pool(), partitions, clock, {}};
    Batch bad = batch(2, 1);
    bad.processes->rows[0].name = std::string("a\0b", 3);
    const auto first = store::prepare_batch(batch(1, 1), clock.now());
    const auto second = store::prepare_batch(std::move(bad), clock.now());
    const auto third = store::prepare_batch(batch(3, 1), clock.now());
    const std::vector<const store::PreparedBatch*> group{&first, &second, &third};
    EXPECT_EQ(writer.write(group),
              (std::vector{WriteResult::stored, WriteResult::refused, WriteResult::stored}));
    EXPECT_EQ(rows("system_batches"), 2);
    EXPECT_EQ(rows("hosts"), 2);  // nothing is left of the refused one
}

// It was not stored, so its number must not count as received.
TEST_F(IngestTest, ABatchThatFindsNoFreeMomentIsRefusedAndIsNewWhenItComesAgain) {
    const Batch first = batch(1, 1);
    ASSERT_EQ(aggregator.send(first), IngestResult::stored);
    database.run(
        "INSERT INTO monitoring.system_batches"
        " SELECT ts + n * interval '1 microsecond', received_at, 0, host_id, layout_id, \"values\""
        " FROM monitoring.system_batches, generate_series(1, 999) AS n");
    Batch second = batch(1, 2);
    second.time = first.time;
    EXPECT_EQ(aggregator.send(second), IngestResult::refused);
    EXPECT_EQ(aggregator.send(batch(2, 1)), IngestResult::stored);
    database.run("DELETE FROM monitoring.system_batches WHERE payload_hash = 0");
    EXPECT_EQ(aggregator.send(second), IngestResult::stored);
    EXPECT_EQ(aggregator.send(second), IngestResult::duplicate);
}

TEST_F(IngestTest, TwoAggregatorsStoreWhatBothGetOnce) {
    Aggregator other{database.options(8), clock};
    constexpr int agents = 6, each = 40;
    std::atomic<int> stored{0}, duplicates{0}, unavailable{0};
    std::vector<std::thread> senders;
    for (Aggregator* receiver : {&aggregator, &other}) {
        for (int agent = 1; agent <= agents; ++agent) {
            senders.emplace_back([&, receiver, agent] {
                for (int seq = 0; seq < each;) {
                    const auto result = receiver->send(batch(agent, seq));
                    if (result == IngestResult::unavailable) {
                        ++unavailable;
                        continue;  // as an agent does
                    }
                    (result == IngestResult::stored ? stored : duplicates) += 1;
                    ASSERT_TRUE(result == IngestResult::stored || result == IngestResult::duplicate)
                        << to_string(result);
                    ++seq;
                }
            });
        }
    }
    for (auto& sender : senders) sender.join();
    EXPECT_EQ(stored, agents * each);
    EXPECT_EQ(duplicates, agents * each);
    EXPECT_EQ(rows("system_batches"), agents * each);
    EXPECT_EQ(rows("process_batches"), agents * each);
    EXPECT_EQ(rows("processes"), agents * 2);
}

TEST_F(IngestTest, KilledSessionsLoseAndDoubleNothing) {
    constexpr int agents = 4, each = 100;
    std::atomic<int> running{agents}, answered{0};
    std::vector<std::thread> senders;
    for (int agent = 1; agent <= agents; ++agent) {
        senders.emplace_back([&, agent] {
            for (int seq = 0; seq < each;) {
                const auto result = aggregator.send(batch(agent, seq));
                if (result == IngestResult::unavailable) continue;
                ASSERT_TRUE(result == IngestResult::stored || result == IngestResult::duplicate)
                    << to_string(result);
                ++seq;
                ++answered;
            }
            --running;
        });
    }
    std::int64_t killed = 0;
    // Ten times over the run, each time until one was caught at work.
    while (running > 0) {
        if (answered < killed * agents * each / 10) {
            std::this_thread::yield();
            continue;
        }
        killed +=
            database.server()
                .acquire()
                ->execute_once(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" +
                    database.name() + "' AND state <> 'idle'")
                .size();
    }
    for (auto& sender : senders) sender.join();
    EXPECT_GT(killed, 0);
    EXPECT_EQ(database.pool().read([](store::Session& session) {
        return session.execute_once("SELECT count(*) FROM monitoring.system_batches")[0].int8(0);
    }),
              agents * each);
    EXPECT_EQ(database.number("SELECT count(*) FROM monitoring.ingest_streams"
                              " WHERE received = '{[0,100)}'"),
              agents);
}

TEST_F(IngestTest, WithoutPostgresTheAnswerIsTryAgain) {
    store::DatabaseOptions nowhere = database.options();
    nowhere.url = "postgresql:///none?host=/nonexistent&user=nobody";
    Aggregator lonely{nowhere, clock};
    const auto outcome = lonely.service.submit(batch(1, 1), {});
    EXPECT_EQ(outcome.result, IngestResult::unavailable);
    EXPECT_GE(outcome.retry_after_seconds, 1);
    EXPECT_EQ(lonely.service.queue_length(), 0U);
}

TEST_F(IngestTest, AReadOnlyServerIsTryAgainToo) {
    database.run("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
    Aggregator reader{database.options(), clock};
    EXPECT_EQ(reader.send(batch(1, 1)), IngestResult::unavailable);
}

TEST_F(IngestTest, ACounterWithTooManyGapsMustBeginAnew) {
    ASSERT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
    database.run(
        "UPDATE monitoring.ingest_streams SET received = (SELECT range_agg(int8range(2 * n,"
        " 2 * n + 1)) FROM generate_series(1, 1000) AS n)");
    EXPECT_EQ(aggregator.send(batch(1, 3)), IngestResult::too_many_gaps);
    Batch anew = batch(1, 3);
    anew.epoch = Uuid::random();
    EXPECT_EQ(aggregator.send(anew), IngestResult::stored);
}

}  // namespace
}  // namespace chorus::ingest
