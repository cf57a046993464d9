// Answers, the queue, the edits of a packed batch, and what a delivery makes of each answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "agent/push/answer.h"
#include "agent/push/backoff.h"
#include "agent/push/batch_queue.h"
#include "agent/push/delivery.h"
#include "agent/push/endpoint.h"
#include "agent/push/wire_edit.h"
#include "common/batch_json.h"
#include "common/compress.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;

const char* const kStored =
    R"({"accepted":{"system_metrics":1,"process_metrics":1},"duplicate":false,)"
    R"("config":{"interval_seconds":30},"server_time":"2026-01-15T10:30:45.123Z"})";

Answer answer(int status, std::string body = "{}", std::string retry_after = "") {
    return {.status = status, .body = std::move(body), .retry_after = std::move(retry_after)};
}

TEST(Answer, EachStatusMeansOneThing) {
    EXPECT_EQ(judge(answer(200, kStored)), Verdict::stored);
    EXPECT_EQ(judge(answer(409)), Verdict::conflict);
    EXPECT_EQ(judge(answer(413)), Verdict::too_large);
    for (const int status : {400, 415, 422}) {
        EXPECT_EQ(judge(answer(status)), Verdict::refused) << status;
    }
    for (const int status : {401, 403, 404}) {
        EXPECT_EQ(judge(answer(status)), Verdict::forbidden) << status;
    }
    for (const int status : {408, 425, 429, 500, 502, 503, 504, 507, 301, 302, 307, 204, 418}) {
        EXPECT_EQ(judge(answer(status)), Verdict::retry) << status;
    }
}

TEST(Answer, TwoHundredOfSomebodyElseIsNoSuccess) {
    for (const char* body : {"", "{}", "[]", "<html>Log in</html>", R"({"accepted":)", "null",
                             R"(["accepted"])", R"({"status":"accepted"})"}) {
        EXPECT_EQ(judge(answer(200, body)), Verdict::retry) << body;
    }
}

TEST(Answer, ClaimedHostnameIsNoKeyConflict) {
    EXPECT_EQ(judge(answer(409, R"({"type":"host_conflict"})")), Verdict::forbidden);
}

TEST(Answer, RetryAfterIsSecondsUpToTenMinutes) {
    EXPECT_EQ(retry_after(answer(503, "", "7")), 7s);
    EXPECT_EQ(retry_after(answer(503, "", " 7 ")), 7s);
    EXPECT_EQ(retry_after(answer(503, "", "0")), 0s);
    EXPECT_EQ(retry_after(answer(503, "", "86400")), 600s);
    for (const char* text :
         {"", "-1", "soon", "7.5", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT"}) {
        EXPECT_FALSE(retry_after(answer(503, "", text))) << text;
    }
}

TEST(Answer, WantedIntervalIsReadFromTheConfig) {
    EXPECT_EQ(wanted_interval(kStored), 30);
    EXPECT_FALSE(wanted_interval("{}"));
    EXPECT_FALSE(wanted_interval(R"({"config":{"interval_seconds":"often"}})"));
}

TEST(Backoff, DoublesUpToAMinuteWithFullJitter) {
    Backoff backoff(1);
    auto ceiling = 1'000ms;
    for (int i = 0; i < 10; ++i) {
        EXPECT_LE(backoff.next(), ceiling);
        ceiling = std::min<std::chrono::milliseconds>(60'000ms, 2 * ceiling);
    }
    std::chrono::milliseconds longest{0};
    for (int i = 0; i < 200; ++i) longest = std::max(longest, backoff.next());
    EXPECT_GT(longest, 30'000ms);
    EXPECT_LE(longest, 60'000ms);
    backoff.reset();
    EXPECT_LE(backoff.next(), 1'000ms);
}

PackedBatch packed(std::int64_t seq, std::string json = "{}") {
    return {.seq = seq, .json_zstd = zstd_compress(json)};
}

TEST(BatchQueue, DropsTheOldestWhenFullAndCounts) {
    BatchQueue queue(2);
    for (std::int64_t seq = 1; seq <= 3; ++seq) queue.push(packed(seq));
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(queue.dropped(), 1U);
    EXPECT_EQ(queue.take({})->seq, 2);
    EXPECT_EQ(queue.take({})->seq, 3);
}

TEST(BatchQueue, WhatWasPutBackComesFirst) {
    BatchQueue queue(3);
    queue.push(packed(1));
    auto first = queue.take({});
    queue.push(packed(2));
    queue.put_back(std::move(*first));
    EXPECT_EQ(queue.take({})->seq, 1);
    EXPECT_EQ(queue.take({})->seq, 2);
}

TEST(BatchQueue, NewerBatchesWinAgainstOnePutBack) {
    BatchQueue queue(1);
    queue.push(packed(1));
    auto first = queue.take({});
    queue.push(packed(2));
    queue.put_back(std::move(*first));
    EXPECT_EQ(queue.dropped(), 1U);
    EXPECT_EQ(queue.take({})->seq, 2);
}

TEST(BatchQueue, ClosedQueueGivesWhatIsLeftAndThenNothing) {
    BatchQueue queue(3);
    queue.push(packed(1));
    queue.close();
    EXPECT_TRUE(queue.take({}));
    EXPECT_FALSE(queue.take({}));
}

TEST(BatchQueue, WaitingTakerIsWokenByABatchAndByStopping) {
    BatchQueue queue(3);
    std::int64_t got = 0;
    std::jthread taker([&](std::stop_token stop) {
        while (const auto batch = queue.take(stop)) got = batch->seq;
    });
    queue.push(packed(42));
    taker.request_stop();
    taker.join();
    EXPECT_TRUE(got == 42 || queue.size() == 1);
}

Batch sample_batch() {
    Batch batch;
    batch.agent.id = Uuid::random();
    batch.epoch = Uuid::random();
    batch.seq = 7;
    batch.hostname = "web-01";
    batch.boot_id = Uuid::random();
    batch.time = batch.sent_at = Timestamp{std::chrono::seconds{1'767'225'600}};
    batch.layout = {{"cpu_usage_percent", R"("sent_at":"x")", "percent"}};
    batch.values = {12.5};
    ProcessSample process;
    process.pid = 1;
    process.name = R"("epoch":"nobody")";
    batch.processes = ProcessTable{.rows = {process}, .scanned = 1, .other = std::nullopt};
    return batch;
}

std::string to_json(const Batch& batch) {
    JsonWriter out;
    write_batch(out, batch);
    return out.take();
}

Batch from_json(const std::string& json) {
    JsonReader reader;
    FieldErrors errors;
    Batch batch = read_batch(reader.parse(json), errors);
    EXPECT_TRUE(errors.empty());
    return batch;
}

TEST(WireEdit, StampChangesEpochAndSendingTimeOnly) {
    Batch batch = sample_batch();
    std::string json = to_json(batch);
    batch.epoch = Uuid::random();
    batch.sent_at += 90s;
    stamp(json, batch.epoch, batch.sent_at);
    EXPECT_EQ(json, to_json(batch));
}

TEST(WireEdit, WithoutProcessesLeavesTheRest) {
    Batch batch = sample_batch();
    const std::string smaller = without_processes(to_json(batch));
    batch.processes.reset();
    EXPECT_EQ(smaller, to_json(batch));
    EXPECT_EQ(without_processes(smaller), "");
    EXPECT_EQ(without_processes("{broken"), "");
}

TEST(Endpoint, TokenStaysOnTheHostUnlessPermitted) {
    const auto good = endpoint_of("http://127.0.0.1:8082/", false);
    ASSERT_TRUE(std::holds_alternative<Endpoint>(good));
    EXPECT_EQ(std::get<Endpoint>(good).host, "127.0.0.1");
    EXPECT_EQ(std::get<Endpoint>(good).port, 8082);
    EXPECT_EQ(std::get<Endpoint>(good).base_path, "");
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("http://10.0.0.5:8082", false)));
    EXPECT_TRUE(std::holds_alternative<Endpoint>(endpoint_of("http://10.0.0.5:8082", true)));
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("https://127.0.0.1", true)));
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("ftp://127.0.0.1", true)));
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("http://u:p@localhost", true)));
}

// A delivery whose aggregator gives prepared answers and keeps what it was sent.
class DeliveryTest : public ::testing::Test {
  protected:
    Step attempt(std::variant<Answer, NoAnswer> next) {
        next_ = std::move(next);
        return delivery_.attempt(batch_);
    }
    Batch sent() const { return from_json(zstd_decompress(bodies_.back(), 1U << 20U)); }

    ManualClock clock_{Timestamp{std::chrono::seconds{1'767'225'700}}};
    Uuid epoch_ = Uuid::random();
    std::variant<Answer, NoAnswer> next_;
    std::vector<std::string> bodies_;
    Delivery delivery_{[this](std::string_view body) {
                           bodies_.emplace_back(body);
                           return next_;
                       },
                       clock_, epoch_, 30, Backoff(1)};
    PackedBatch batch_ = packed(7, to_json(sample_batch()));
};

TEST_F(DeliveryTest, StoredBatchIsDone) {
    const auto step = attempt(answer(200, kStored));
    EXPECT_EQ(step.outcome, Outcome::stored);
    EXPECT_TRUE(step.is_final());
    EXPECT_EQ(delivery_.counts().stored, 1U);
    EXPECT_EQ(sent().epoch, epoch_);
    EXPECT_EQ(sent().sent_at, clock_.now());
}

TEST_F(DeliveryTest, ConflictIsSentAgainUnderANewEpochWithTheSameContent) {
    const auto step = attempt(answer(409));
    EXPECT_EQ(step.outcome, Outcome::again);
    EXPECT_NE(delivery_.epoch(), epoch_);
    EXPECT_EQ(attempt(answer(200, kStored)).outcome, Outcome::stored);
    EXPECT_EQ(sent().epoch, delivery_.epoch());
    EXPECT_EQ(sent().seq, 7);
    EXPECT_EQ(sent().processes->rows.size(), 1U);
}

TEST_F(DeliveryTest, RepeatedConflictDoesNotSpin) {
    attempt(answer(409));
    EXPECT_EQ(attempt(answer(409)).outcome, Outcome::away);
}

TEST_F(DeliveryTest, RefusedBatchIsDroppedAndCounted) {
    for (const int status : {400, 415, 422}) {
        EXPECT_EQ(attempt(answer(status)).outcome, Outcome::dropped) << status;
    }
    EXPECT_EQ(delivery_.counts().refused, 3U);
}

TEST_F(DeliveryTest, TooLargeBatchGoesWithoutItsProcessesAndIsThenDropped) {
    EXPECT_EQ(attempt(answer(413)).outcome, Outcome::again);
    EXPECT_EQ(delivery_.counts().stripped, 1U);
    EXPECT_EQ(attempt(answer(413)).outcome, Outcome::dropped);
    EXPECT_FALSE(sent().processes);
    EXPECT_EQ(sent().values.size(), 1U);
    EXPECT_EQ(delivery_.counts().refused, 1U);
}

TEST_F(DeliveryTest, ForbiddenKeepsTheBatchAndWaitsAMinute) {
    for (const int status : {401, 403, 404}) {
        const auto step = attempt(answer(status));
        EXPECT_EQ(step.outcome, Outcome::not_allowed) << status;
        EXPECT_EQ(step.wait, 60s) << status;
        EXPECT_FALSE(step.is_final());
    }
    EXPECT_EQ(delivery_.counts().failed, 3U);
}

TEST_F(DeliveryTest, ServerTroubleAndSilenceKeepTheBatchAndBackOff) {
    for (const int status : {408, 425, 429, 500, 503, 302}) {
        const auto step = attempt(answer(status));
        EXPECT_EQ(step.outcome, Outcome::away) << status;
        EXPECT_LE(step.wait, 60s) << status;
    }
    EXPECT_EQ(attempt(NoAnswer{"Connection refused"}).outcome, Outcome::away);
    EXPECT_EQ(attempt(answer(200, "<html>")).outcome, Outcome::away);
    EXPECT_EQ(delivery_.counts().stored, 0U);
}

TEST_F(DeliveryTest, RetryAfterIsHonouredUpToTenMinutes) {
    EXPECT_EQ(attempt(answer(503, "{}", "17")).wait, 17s);
    EXPECT_EQ(attempt(answer(429, "{}", "99999")).wait, 600s);
}

}  // namespace
}  // namespace chorus::agent
