// What is sent first, what waits where, and the thread that empties it.
#include "agent/push/outbox.h"

#include <gtest/gtest.h>

#include <thread>

#include "agent/push/sender.h"
#include "common/compress.h"
#include "tests/unit/push/spool_fixture.h"

namespace chorus::agent {
namespace {

using testing::SpoolFixture;
using namespace std::chrono_literals;
using Clock = Outbox::Clock;

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
std::optional<QueuedBatch> next(Outbox& outbox) {
    return outbox.take({}, Clock::time_point{});
}

struct OutboxFixture : SpoolFixture {
    Outbox outbox{open(), 4};
};

TEST(Outbox, LiveBatchTouchesNoDisk) {
    OutboxFixture fixture;
    fixture.disk.calls = 0;
    fixture.outbox.push(packed(1));
    const auto queued = next(fixture.outbox);
    ASSERT_TRUE(queued);
    EXPECT_EQ(queued->from, QueuedBatch::From::live);
    fixture.outbox.done(*queued);
    EXPECT_EQ(fixture.disk.calls, 0);
}

TEST(Outbox, BatchThatWasTriedIsSafe) {
    OutboxFixture fixture;
    fixture.outbox.push(packed(1));
    fixture.outbox.put_back(*next(fixture.outbox));
    EXPECT_EQ(fixture.outbox.counts().batches, 1U);
    EXPECT_TRUE(fixture.outbox.counts().on_disk);
    const auto again = next(fixture.outbox);
    EXPECT_EQ(again->from, QueuedBatch::From::spool);
    EXPECT_EQ(json_of(*again), json_of(1));
}

TEST(Outbox, BatchThatANewerOneOvertakesIsSafe) {
    OutboxFixture fixture;
    fixture.outbox.push(packed(1));
    fixture.outbox.push(packed(2));
    EXPECT_EQ(fixture.outbox.counts().batches, 1U);
}

TEST(Outbox, LiveComesFirstThenTheOldest) {
    OutboxFixture fixture;
    for (int i = 1; i <= 3; ++i) fixture.outbox.push(packed(i));
    std::vector<std::string> order;
    for (int i = 0; i < 3; ++i) {
        const auto queued = next(fixture.outbox);
        ASSERT_TRUE(queued);
        order.push_back(json_of(*queued));
        fixture.outbox.done(*queued);
    }
    EXPECT_EQ(order, (std::vector<std::string>{json_of(3), json_of(1), json_of(2)}));
    EXPECT_EQ(fixture.outbox.counts().batches, 0U);
}

TEST(Outbox, BacklogWaitsForItsTimeAndALiveBatchDoesNot) {
    OutboxFixture fixture;
    fixture.outbox.push(packed(1));
    fixture.outbox.push(packed(2));
    fixture.outbox.move_live_to_backlog();
    std::jthread pusher([&] { fixture.outbox.push(packed(3)); });
    const auto queued = fixture.outbox.take({}, Clock::now() + 1h);
    ASSERT_TRUE(queued);
    EXPECT_EQ(json_of(*queued), json_of(3));
}

TEST(Outbox, FullDiskKeepsABoundedNumberInMemoryAndMovesThemLater) {
    OutboxFixture fixture;
    fixture.disk.fail_at = 1;
    fixture.disk.fails_on = true;
    fixture.disk.calls = 0;
    for (int i = 1; i <= 7; ++i) fixture.outbox.push(packed(i));
    fixture.outbox.move_live_to_backlog();
    EXPECT_EQ(fixture.outbox.counts().batches, 4U);
    EXPECT_EQ(fixture.outbox.counts().dropped, 3U);
    EXPECT_FALSE(fixture.outbox.counts().on_disk);
    fixture.disk.fail_at = 0;
    fixture.outbox.push(packed(8));
    fixture.outbox.move_live_to_backlog();
    EXPECT_TRUE(fixture.outbox.counts().on_disk);
    for (int i = 4; i <= 8; ++i) {
        const auto queued = next(fixture.outbox);
        ASSERT_TRUE(queued);
        EXPECT_EQ(queued->from, QueuedBatch::From::spool);
        EXPECT_EQ(json_of(*queued), json_of(i));
        fixture.outbox.done(*queued);
    }
}

TEST(Outbox, WorksWithoutASpool) {
    Outbox outbox(nullptr, 2);
    for (int i = 1; i <= 4; ++i) outbox.push(packed(i));
    EXPECT_EQ(outbox.counts().dropped, 1U);
    const auto live = next(outbox);
    EXPECT_EQ(json_of(*live), json_of(4));
    outbox.put_back(*live);
    EXPECT_EQ(json_of(*next(outbox)), json_of(3));
}

TEST(Outbox, ClosedOneGivesWhatIsLeftAndThenNothing) {
    OutboxFixture fixture;
    fixture.outbox.push(packed(1));
    fixture.outbox.push(packed(2));
    fixture.outbox.close();
    for (const int seq : {2, 1}) {
        const auto queued = fixture.outbox.take({}, Clock::now() + 1h);
        ASSERT_TRUE(queued);
        EXPECT_EQ(json_of(*queued), json_of(seq));
        fixture.outbox.done(*queued);
    }
    EXPECT_FALSE(fixture.outbox.take({}, Clock::now() + 1h));
}

TEST(Outbox, StoppingWakesATakerThatWaits) {
    OutboxFixture fixture;
    std::optional<QueuedBatch> got = QueuedBatch{};
    std::jthread taker(
        [&](std::stop_token stop) { got = fixture.outbox.take(stop, Clock::now() + 1h); });
    taker.request_stop();
    taker.join();
    EXPECT_FALSE(got);
}

// A sender whose aggregator answers by a script, then stores everything.
struct SenderFixture : OutboxFixture {
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

TEST(Sender, EmptiesTheOutboxWhenItFinishes) {
    SenderFixture fixture;
    for (int i = 1; i <= 5; ++i) fixture.outbox.push(packed(i));
    Sender sender(fixture.outbox, fixture.delivery, 1h);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 5U);
    EXPECT_EQ(fixture.outbox.counts().batches, 0U);
}

TEST(Sender, RefusedBatchDoesNotHoldTheOthers) {
    SenderFixture fixture;
    fixture.script = {422};
    for (int i = 1; i <= 3; ++i) fixture.outbox.push(packed(i));
    Sender sender(fixture.outbox, fixture.delivery, 0ms);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 2U);
    EXPECT_EQ(fixture.buried, 1U);
}

TEST(Sender, StopsAtTheFirstFailureAndLeavesTheRestOnDisk) {
    SenderFixture fixture;
    fixture.script = {503};
    for (int i = 1; i <= 3; ++i) fixture.outbox.push(packed(i));
    {
        Sender sender(fixture.outbox, fixture.delivery, 0ms);
        sender.finish();
    }
    EXPECT_EQ(fixture.outbox.counts().batches + fixture.delivery.counts().stored, 3U);
    EXPECT_LE(fixture.delivery.counts().stored, 2U);
}

TEST(Sender, DamagedBatchCostsItselfOnly) {
    SenderFixture fixture;
    fixture.outbox.push({.seq = 1, .time = 1, .json_zstd = "no zstd at all"});
    fixture.outbox.push(packed(2));
    Sender sender(fixture.outbox, fixture.delivery, 0ms);
    sender.finish();
    EXPECT_EQ(fixture.delivery.counts().stored, 1U);
    EXPECT_EQ(fixture.outbox.counts().batches, 0U);
}

}  // namespace
}  // namespace chorus::agent
