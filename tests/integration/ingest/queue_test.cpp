// The bounded queue in front of the writers.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

using std::chrono::steady_clock;

class IngestQueue : public IngestTest {
  protected:
    IngestQueue() { aggregator.service.stop(); }

    // Keeps every writer waiting until it is released.
    class Block {
      public:
        explicit Block(store::Database& pool) : lease_(pool.acquire()), transaction_(*lease_) {
            lease_->execute_once("LOCK TABLE monitoring.ingest_streams");
        }

      private:
        store::Database::Lease lease_;
        store::Transaction transaction_;
    };

    static void wait_for(const std::function<bool()>& reached) {
        const auto deadline = steady_clock::now() + std::chrono::seconds{20};
        while (!reached()) {
            ASSERT_LT(steady_clock::now(), deadline) << "not reached in 20 s";
            std::this_thread::yield();
        }
    }

    std::future<IngestResult> send_aside(Aggregator& to, Batch b) {
        return std::async(std::launch::async,
                          [&to, b = std::move(b)]() mutable { return to.send(std::move(b)); });
    }
};

TEST_F(IngestQueue, WhatDoesNotFitIsRefusedAtOnce) {
    IngestOptions options = roomy_queue();
    options.writers = 1;
    options.queue_batches = 3;
    Aggregator small{database.options(), clock, options};
    std::vector<std::future<IngestResult>> waiting;
    {
        const Block block{database.pool()};
        for (int seq = 1; seq <= 3; ++seq) {
            waiting.push_back(send_aside(small, batch(1, seq)));
            wait_for([&] { return small.service.queue_length() == waiting.size(); });
        }
        const auto outcome = small.service.submit(batch(1, 4), {});
        EXPECT_EQ(outcome.result, IngestResult::queue_full);
        EXPECT_GE(outcome.retry_after_seconds, 1);
    }
    for (auto& result : waiting) EXPECT_EQ(result.get(), IngestResult::stored);
    EXPECT_EQ(small.service.queue_length(), 0U);
    EXPECT_EQ(small.send(batch(1, 4)), IngestResult::stored);
}

TEST_F(IngestQueue, MemoryIsBoundedToo) {
    IngestOptions options = roomy_queue();
    options.writers = 1;
    options.queue_bytes = 1;  // one batch alone always fits
    Aggregator small{database.options(), clock, options};
    std::future<IngestResult> waiting;
    {
        const Block block{database.pool()};
        waiting = send_aside(small, batch(1, 1));
        wait_for([&] { return small.service.queue_length() == 1; });
        EXPECT_EQ(small.send(batch(1, 2)), IngestResult::queue_full);
    }
    EXPECT_EQ(waiting.get(), IngestResult::stored);
}

TEST_F(IngestQueue, StoppingStoresWhatWaits) {
    Aggregator stopped{database.options(), clock};
    std::vector<std::future<IngestResult>> waiting, probes;
    std::thread stopper;
    {
        const Block block{database.pool()};
        for (int agent = 1; agent <= 6; ++agent) {
            waiting.push_back(send_aside(stopped, batch(agent, 1)));
        }
        wait_for([&] { return stopped.service.queue_length() == waiting.size(); });
        stopper = std::thread([&] { stopped.service.stop(); });
        // What comes before the stop waits for PostgreSQL like the six, so nobody may wait for it.
        wait_for([&] {
            auto probe = send_aside(stopped, batch(9, static_cast<int>(probes.size())));
            if (probe.wait_for(std::chrono::milliseconds{20}) == std::future_status::ready) {
                return probe.get() == IngestResult::queue_full;
            }
            probes.push_back(std::move(probe));
            return false;
        });
    }
    for (auto& result : waiting) EXPECT_EQ(result.get(), IngestResult::stored);
    for (auto& result : probes) {
        EXPECT_THAT(result.get(), testing::AnyOf(IngestResult::stored, IngestResult::queue_full));
    }
    stopper.join();
    EXPECT_EQ(stopped.send(batch(1, 2)), IngestResult::queue_full);
}

TEST_F(IngestQueue, ACallerDoesNotWaitForEver) {
    IngestOptions options = roomy_queue();
    options.patience = std::chrono::milliseconds{50};
    Aggregator hasty{database.options(), clock, options};
    {
        const Block block{database.pool()};
        EXPECT_EQ(hasty.send(batch(1, 1)), IngestResult::unavailable);
    }
    // The writer went on with it, so sending it again finds it stored.
    wait_for([&] { return hasty.service.queue_length() == 0; });
    EXPECT_EQ(hasty.send(batch(1, 1)), IngestResult::duplicate);
}

TEST_F(IngestQueue, BatchesThatWaitTogetherAreCommittedTogether) {
    IngestOptions options = roomy_queue();
    options.writers = 1;
    Aggregator one{database.options(), clock, options};
    std::vector<std::future<IngestResult>> waiting;
    {
        const Block block{database.pool()};
        waiting.push_back(send_aside(one, batch(1, 1)));
        wait_for([&] { return one.service.queue_length() == 1; });
        for (int agent = 2; agent <= 9; ++agent) {
            waiting.push_back(send_aside(one, batch(agent, 1)));
        }
        wait_for([&] { return one.service.queue_length() == waiting.size(); });
    }
    for (auto& result : waiting) EXPECT_EQ(result.get(), IngestResult::stored);
    EXPECT_LE(database.number("SELECT count(DISTINCT xmin::text) FROM monitoring.system_batches"),
              3);
}

}  // namespace
}  // namespace chorus::ingest
