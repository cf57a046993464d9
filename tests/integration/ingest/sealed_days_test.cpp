// What comes for a day that is packed: known again, kept apart, and marked so that the day gets it.
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/processes/process_days.h"
#include "aggregator/sealed/seal_job.h"
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

class SealedDays : public IngestTest {
  protected:
    SealedDays() {
        epoch_ = store::take_lease(*database.pool().acquire(), "test", std::chrono::minutes{1})
                     .value_or(0);
        EXPECT_EQ(aggregator.send(batch(1, 1)), IngestResult::stored);
        clock.advance(std::chrono::hours{26});
        pack();
        EXPECT_EQ(rows("sealed_days"), 1);
        EXPECT_EQ(rows("system_batches"), 0);
    }
    void pack() {
        store::SealJob{database.pool(), {.cpu_percent = 100}, [] { return false; }}.run(epoch_);
    }
    std::int64_t packed_batches() {
        return database.number("SELECT sum(cardinality(times)) FROM monitoring.sealed_batches");
    }

    std::int64_t epoch_ = 0;
};

TEST_F(SealedDays, ABatchSentAgainIsADuplicate) {
    EXPECT_EQ(aggregator.send(batch(1, 1)), IngestResult::duplicate);
    Batch other = batch(1, 1);
    other.values[0] = 99;
    EXPECT_EQ(aggregator.send(other), IngestResult::conflict);
    EXPECT_EQ(rows("system_batches"), 0);
    EXPECT_EQ(rows("late_days"), 0);
}

TEST_F(SealedDays, ALateBatchIsMarkedAndGetsIntoTheDay) {
    EXPECT_EQ(aggregator.send(batch(1, 2)), IngestResult::stored);
    EXPECT_EQ(aggregator.send(batch(1, 3)), IngestResult::stored);
    EXPECT_EQ(rows("late_days"), 1);
    EXPECT_EQ(database.number("SELECT marks FROM monitoring.late_days"), 2);
    pack();
    EXPECT_EQ(rows("late_days"), 0);
    EXPECT_EQ(rows("system_batches"), 0);
    EXPECT_EQ(packed_batches(), 3);
    EXPECT_EQ(aggregator.send(batch(1, 3)), IngestResult::duplicate);
}

TEST_F(SealedDays, ALateProcessTableIsMarkedAndGetsIntoTheDay) {
    Batch late = batch(1, 2);
    ASSERT_TRUE(late.processes);
    EXPECT_EQ(aggregator.send(late), IngestResult::stored);
    EXPECT_EQ(rows("late_process_days"), 1);
    Batch without = batch(1, 3);
    without.processes.reset();
    EXPECT_EQ(aggregator.send(without), IngestResult::stored);
    EXPECT_EQ(database.number("SELECT marks FROM monitoring.late_process_days"), 1);
    const auto pack_tables = [&] {
        store::SealJob{database.pool(),
                       {.cpu_percent = 100},
                       [] { return false; },
                       store::process_table_days()}
            .run(epoch_);
    };
    pack_tables();
    EXPECT_EQ(rows("process_batches"), 0);
    EXPECT_EQ(rows("late_process_days"), 0);
    EXPECT_EQ(aggregator.send(batch(1, 4)), IngestResult::stored);
    EXPECT_EQ(rows("late_process_days"), 1);
    pack_tables();
    EXPECT_EQ(rows("process_batches"), 0);
    EXPECT_EQ(database.number("SELECT sum(cardinality(times)) FROM monitoring.sealed_processes"),
              3);
}

TEST_F(SealedDays, ALateBatchOfTheSameMomentIsKeptToo) {
    Batch same_moment = batch(1, 1);
    same_moment.seq = 2;
    EXPECT_EQ(aggregator.send(same_moment), IngestResult::stored);
    pack();
    EXPECT_EQ(packed_batches(), 2);
    EXPECT_EQ(database.number("SELECT count(DISTINCT t) FROM monitoring.sealed_batches,"
                              " unnest(times) AS t"),
              2);
}

TEST_F(SealedDays, WhatComesInTimeIsNotMarked) {
    Batch now = batch(1, 2);
    now.time = clock.now();
    EXPECT_EQ(aggregator.send(now), IngestResult::stored);
    EXPECT_EQ(rows("late_days"), 0);
}

}  // namespace
}  // namespace chorus::ingest
