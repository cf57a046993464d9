// What is sent first, what waits where, and the thread that empties it.
#include "agent/push/send_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "agent/push/sender.h"
#include "common/compress.h"
#include "tests/unit/push/spool_fixture.h"

namespace chorus::agent {
namespace {

using testing::SpoolFixture;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

PackedBatch packed(std::int64_t seq) {
    return {.seq = seq,
            .time = 1'000U + static_cast<std::uint32_t>(seq),
            .json_zstd = zstd_compress(R"({"epoch":"","seq":)" + std::to_string(seq) + "}")};
}

std::string json_of(const QueuedBatch& queued) {
    return zstd_decompress(queued.batch.json_zstd, 1U << 20U);
}
std::string json_of(std::int64_t seq) {
    return zstd_decompress(packed(seq).json_zstd, 1U << 20U);
}

// The next batch, without waiting for the backlog's time.
std::optional<QueuedBatch> next(SendQueue& queue) {
    return queue.take({}, SteadyClock::time_point{});
}

struct SendQueueFixture : SpoolFixture {
    SendQueue queue{open(), 4};
};

TEST(SendQueue, LiveBatchTouchesNoDisk) {
    SendQueueFixture fixture;
    fixture.disk.calls = 0;
    fixture.queue.push(packed(1));
    const auto queued = next(fixture.queue);
    ASSERT_TRUE(queued);
    EXPECT_EQ(queued->from, QueuedBatch::From::live);
    fixture.queue.done(*queued);
    EXPECT_EQ(fixture.disk.calls, 0);
}

TEST(SendQueue, BatchThatWasTriedIsSafe) {
    SendQueueFixture fixture;
    fixture.queue.push(packed(1));
    fixture.queue.put_back(*next(fixture.queue));
    EXPECT_EQ(fixture.queue.counts().batches, 1U);
    EXPECT_TRUE(fixture.queue.counts().on_disk);
    const auto again = next(fixture.queue);
    EXPECT_EQ(again->from, QueuedBatch::From::spool);
    EXPECT_EQ(json_of(*again), json_of(1));
}

TEST(SendQueue, BatchThatANewerOneOvertakesIsSafe) {
    SendQueueFixture fixture;
    fixture.queue.push(packed(1));
    fixture.queue.push(packed(2));
    EXPECT_EQ(fixture.queue.counts().batches, 1U);
}

TEST(SendQueue, LiveComesFirstThenTheOldest) {
    SendQueueFixture fixture;
    for (int i = 1; i <= 3; ++i) fixture.queue.push(packed(i));
    std::vector<std::string> order;
    for (int i = 0; i < 3; ++i) {
        const auto queued = next(fixture.queue);
        ASSERT_TRUE(queued);
        order.push_back(json_of(*queued));
        fixture.queue.done(*queued);
    }
    EXPECT_EQ(order, (std::vector<std::string>{json_of(3), json_of(1), json_of(2)}));
    EXPECT_EQ(fixture.queue.counts().batches, 0U);
}

TEST(SendQueue, BacklogWaitsForItsTimeAndALiveBatchDoesNot) {
    SendQueueFixture fixture;
    fixture.queue.push(packed(1));
    fixture.queue.push(packed(2));
    fixture.queue.move_live_to_backlog();
    std::jthread pusher([&] { fixture.queue.push(packed(3)); });
    const auto queued = fixture.queue.take({}, SteadyClock::now() + 1h);
    ASSERT_TRUE(queued);
    EXPECT_EQ(json_of(*queued), json_of(3));
}

TEST(SendQueue, FullDiskKeepsABoundedNumberInMemoryAndMovesThemLater) {
    SendQueueFixture fixture;
    fixture.disk.fail_at = 1;
    fixture.disk.fails_on = true;
    fixture.disk.calls = 0;
    for (int i = 1; i <= 7; ++i) fixture.queue.push(packed(i));
    fixture.queue.move_live_to_backlog();
    EXPECT_EQ(fixture.queue.counts().batches, 4U);
    EXPECT_EQ(fixture.queue.counts().dropped, 3U);
    EXPECT_FALSE(fixture.queue.counts().on_disk);
    fixture.disk.fail_at = 0;
    fixture.queue.push(packed(8));
    fixture.queue.move_live_to_backlog();
    EXPECT_TRUE(fixture.queue.counts().on_disk);
    for (int i = 4; i <= 8; ++i) {
        const auto queued = next(fixture.queue);
        ASSERT_TRUE(queued);
        EXPECT_EQ(queued->from, QueuedBatch::From::spool);
        EXPECT_EQ(json_of(*queued), json_of(i));
        fixture.queue.done(*queued);
    }
}

TEST(SendQueue, WorksWithoutASpool) {
    SendQueue queue(nullptr, 2);
    for (int i = 1; i <= 4; ++i) queue.push(packed(i));
    EXPECT_EQ(queue.counts().dropped, 1U);
    const auto live = next(queue);
    EXPECT_EQ(json_of(*live), json_of(4));
    queue.put_back(*live);
    EXPECT_EQ(json_of(*next(queue)), json_of(3));
}

TEST(SendQueue, ClosedOneGivesWhatIsLeftAndThenNothing) {
    SendQueueFixture fixture;
    fixture.queue.push(packed(1));
    fixture.queue.push(packed(2));
    fixture.queue.close();
    for (const int seq : {2, 1}) {
        const auto queued = fixture.queue.take({}, SteadyClock::now() + 1h);
        ASSERT_TRUE(queued);
        EXPECT_EQ(json_of(*queued), json_of(seq));
        fixture.queue.done(*queued);
    }
    EXPECT_FALSE(fixture.queue.take({}, SteadyClock::now() + 1h));
}

TEST(SendQueue, StoppingWakesATakerThatWaits) {
    SendQueueFixture fixture;
    std::optional<QueuedBatch> got = QueuedBatch{};
    std::jthread taker(
        [&](std::stop_token stop) { got = fixture.queue.take(stop, SteadyClock::now() + 1h); });
    taker.request_stop();
    taker.join();
    EXPECT_FALSE(got);
}

// A sender whose aggregator answers by a script, then stores everything.
struct SenderFixture : SendQueueFixture {
    std::variant<Answer, NoAnswer> answer(std::string_view body) {
        const std::lock_guard lock(mutex);
        sent.push_back(zstd_decompress(std::string(body), 1U << 20U));
        if (script.empty())
            return Answer{.status = 200, .body = R"({"accepted":{}})", .retry_after = {}};
        const int status = script.front();
        script.erase(script.begin());
        return Answer{.status = status, .body = "{}", .retry_after = {}};
    }
    std::mutex mutex;  // protects the members below
    std::vector<int> script;
    std::vector<std::string> sent;
    ManualClock clock{Timestamp{1s}};
    EpochMap epochs;
    DeliveryNote note;
    std::size_t buried = 0;
    Delivery delivery{[this](std::string_view body) { return answer(body); },
                      [this](const PackedBatch&) { ++buried; },
                      clock,
                      epochs,
                      note,
                      30,
                      Backoff(1)};
};

TEST(Sender, EmptiesTheSendQueueWhenItFinishes) {
    SenderFixture fixture;
    for (int i = 1; i <= 5; ++i) fixture.queue.push(packed(i));
    Sender sender(fixture.queue, fixture.delivery, 1h);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 5U);
    EXPECT_EQ(fixture.queue.counts().batches, 0U);
}

TEST(Sender, RefusedBatchDoesNotHoldTheOthers) {
    SenderFixture fixture;
    fixture.script = {422};
    for (int i = 1; i <= 3; ++i) fixture.queue.push(packed(i));
    Sender sender(fixture.queue, fixture.delivery, 0ms);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 2U);
    EXPECT_EQ(fixture.buried, 1U);
}

TEST(Sender, StopsAtTheFirstFailureAndLeavesTheRestOnDisk) {
    SenderFixture fixture;
    fixture.script = {503};
    for (int i = 1; i <= 3; ++i) fixture.queue.push(packed(i));
    {
        Sender sender(fixture.queue, fixture.delivery, 0ms);
        sender.finish();
    }
    EXPECT_EQ(fixture.queue.counts().batches + fixture.delivery.counts().stored, 3U);
    EXPECT_LE(fixture.delivery.counts().stored, 2U);
}

TEST(Sender, DamagedBatchCostsItselfOnly) {
    SenderFixture fixture;
    fixture.queue.push({.seq = 1, .time = 1, .json_zstd = "no zstd at all"});
    fixture.queue.push(packed(2));
    Sender sender(fixture.queue, fixture.delivery, 0ms);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 1U);
    EXPECT_EQ(fixture.queue.counts().batches, 0U);
}

}  // namespace
}  // namespace chorus::agent
