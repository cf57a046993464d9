// What a delivery makes of each answer.
#include "agent/push/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/unit/agent/tree.h"
#include "tests/unit/common/log_file.h"
#include "tests/unit/push/pushed.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;

// A delivery whose aggregator gives prepared answers and keeps what it was sent.
class DeliveryTest : public ::testing::Test {
  protected:
    Step attempt(std::variant<Answer, NoAnswer> next) {
        next_ = std::move(next);
        return delivery_.attempt(batch_);
    }
    std::optional<std::string> note() const {
        return read_delivery_note(delivery_note_path(state_.path()));
    }
    Batch sent() const { return from_json(zstd_decompress(bodies_.back(), 1U << 20U)); }

    ManualClock clock_{Timestamp{std::chrono::seconds{1'767'225'700}}};
    Batch made_ = sample_batch();
    EpochMap epochs_;
    testing::TemporaryTree state_;
    DeliveryNote note_{delivery_note_path(state_.path())};
    std::vector<PackedBatch> buried_;
    std::variant<Answer, NoAnswer> next_;
    std::vector<std::string> bodies_;
    Delivery delivery_{[this](std::string_view body) {
                           bodies_.emplace_back(body);
                           return next_;
                       },
                       [this](const PackedBatch& batch) { buried_.push_back(batch); },
                       clock_,
                       epochs_,
                       note_,
                       30,
                       Backoff(1)};
    PackedBatch batch_ = packed(7, to_json(made_));
};

TEST_F(DeliveryTest, StoredBatchIsDone) {
    const auto step = attempt(answer(200, kStored));
    EXPECT_EQ(step.outcome, Outcome::stored);
    EXPECT_TRUE(step.is_final());
    EXPECT_EQ(delivery_.counts().stored, 1U);
    EXPECT_EQ(sent().epoch, made_.epoch);
    EXPECT_EQ(sent().sent_at, clock_.now());
}

TEST_F(DeliveryTest, StoredBatchTellsHowFarTheClocksAreApart) {
    EXPECT_TRUE(std::isnan(delivery_.counts().skew_ms));
    attempt(answer(200, R"({"accepted":{},"server_time":"2026-01-01T00:01:42.500Z"})"));
    EXPECT_DOUBLE_EQ(delivery_.counts().skew_ms, 2'500);
    EXPECT_DOUBLE_EQ(delivery_.counts().latency_ms, 0);
    EXPECT_EQ(delivery_.counts().last_stored, 1'767'225'700);
}

// Every five minutes is enough, and lets disks sleep.
TEST_F(DeliveryTest, WhenABatchWasLastStoredIsNotedNowAndThen) {
    const auto noted = [&] { return read_last_stored(delivery_note_path(state_.path())); };
    attempt(answer(200, R"({"accepted":{},"expired":true})"));
    attempt(answer(503, ""));
    EXPECT_FALSE(noted());
    const auto first = clock_.now();
    attempt(answer(200, kStored));
    EXPECT_EQ(noted(), first);
    clock_.advance(299s);
    attempt(answer(200, kStored));
    EXPECT_EQ(noted(), first);
    clock_.advance(1s);
    attempt(answer(200, kStored));
    EXPECT_EQ(noted(), first + 300s);
}

TEST_F(DeliveryTest, ExpiredBatchIsDoneButNotStored) {
    const std::string expired = R"({"accepted":{},"expired":true})";
    EXPECT_FALSE(note());
    const auto step = attempt(answer(200, expired));
    EXPECT_EQ(step.outcome, Outcome::expired);
    EXPECT_TRUE(step.is_final());
    EXPECT_EQ(delivery_.counts().expired, 1U);
    EXPECT_EQ(delivery_.counts().stored, 0U);
    EXPECT_EQ(delivery_.counts().last_stored, 0);
    EXPECT_TRUE(delivery_.counts().last_expired);
    EXPECT_THAT(note().value_or(""), ::testing::HasSubstr("was not stored: "));
    attempt(answer(200, kStored));
    EXPECT_FALSE(delivery_.counts().last_expired);
    EXPECT_FALSE(note());
}

TEST_F(DeliveryTest, WarningsAreCountedAndNoted) {
    attempt(answer(200, R"({"accepted":{},"warnings":[{"code":"duplicate_item",)"
                        R"("field":"/metrics/layout/3","message":"given twice"},)"
                        R"({"code":"x","field":"y","message":"z"}]})"));
    EXPECT_EQ(delivery_.counts().stored, 1U);
    EXPECT_EQ(delivery_.counts().warnings, 2U);
    EXPECT_EQ(note(),
              "the last batch was not stored as it was sent: /metrics/layout/3 duplicate_item: "
              "given twice (and 1 more)");
}

// The place in a batch differs from batch to batch; what is the matter with them does not.
TEST_F(DeliveryTest, OneMatterIsToldOnceUntilItIsMended) {
    const test::LogFile log;
    const auto warned = [&](const std::string& code, int place) {
        attempt(answer(200, R"({"accepted":{},"warnings":[{"code":")" + code +
                                R"(","field":"/processes/rows/)" + std::to_string(place) +
                                R"(","message":"m"}]})"));
        return log.lines().size();
    };
    const auto told = [](const std::string& code, int place) {
        return "the last batch was not stored as it was sent: /processes/rows/" +
               std::to_string(place) + ' ' + code + ": m";
    };
    EXPECT_EQ(warned("duplicate_item", 1), 1U);
    EXPECT_EQ(warned("duplicate_item", 2), 1U);
    EXPECT_EQ(warned("duplicate_item", 3), 1U);
    EXPECT_EQ(note(), told("duplicate_item", 1));
    EXPECT_EQ(warned("too_long", 3), 2U);
    EXPECT_EQ(note(), told("too_long", 3));
    attempt(answer(200, kStored));
    EXPECT_FALSE(note());
    EXPECT_EQ(warned("too_long", 4), 3U);
    EXPECT_EQ(note(), told("too_long", 4));
    for (int i = 0; i < 3; ++i) attempt(answer(200, R"({"accepted":{},"expired":true})"));
    EXPECT_EQ(log.lines().size(), 4U);
    EXPECT_EQ(delivery_.counts().warnings, 5U);
}

TEST_F(DeliveryTest, TheNoteIsOfTheLastAnswer) {
    const std::string warned =
        R"({"accepted":{},"warnings":[{"code":"too_long","field":"/a","message":"m"}]})";
    attempt(answer(200, warned));
    attempt(answer(401));
    EXPECT_THAT(note().value_or(""), ::testing::HasSubstr("no batch is taken"));
    attempt(answer(200, warned));
    EXPECT_EQ(note(), "the last batch was not stored as it was sent: /a too_long: m");
}

TEST_F(DeliveryTest, ClonedAgentKeepsItsBatchesAndSaysWhatToDo) {
    const auto step = attempt(answer(409, R"({"code":"agent_cloned"})"));
    EXPECT_EQ(step.outcome, Outcome::not_allowed);
    EXPECT_EQ(step.wait, 60s);
    EXPECT_TRUE(buried_.empty());
    EXPECT_EQ(epochs_.current(made_.epoch), made_.epoch);
    EXPECT_THAT(note().value_or(""), ::testing::HasSubstr("delete agent-id, epochs and spool"));
}

// A clock that was set back while the batch waited: it was not sent before it was collected.
TEST_F(DeliveryTest, IsNotSentBeforeItWasCollected) {
    batch_.time = 1'767'312'000;
    attempt(answer(200, kStored));
    EXPECT_EQ(sent().sent_at, Timestamp{std::chrono::seconds{batch_.time}});
}

TEST_F(DeliveryTest, ConflictIsSentAgainUnderANewEpochWithTheSameContent) {
    const auto step = attempt(answer(409));
    EXPECT_EQ(step.outcome, Outcome::again);
    const Uuid fresh = epochs_.current(made_.epoch);
    EXPECT_NE(fresh, made_.epoch);
    EXPECT_EQ(attempt(answer(200, kStored)).outcome, Outcome::stored);
    EXPECT_EQ(sent().epoch, fresh);
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
    ASSERT_EQ(buried_.size(), 3U);
    EXPECT_EQ(buried_[0].json_zstd, batch_.json_zstd);
}

TEST_F(DeliveryTest, SecondCopyOfTheDiskIsToldApartToo) {
    attempt(answer(409));
    attempt(answer(200, kStored));
    const Uuid first = epochs_.current(made_.epoch);
    EXPECT_EQ(attempt(answer(409)).outcome, Outcome::again);
    EXPECT_NE(epochs_.current(made_.epoch), first);
}

TEST_F(DeliveryTest, TooLargeBatchGoesWithFewerProcessesAndIsThenDropped) {
    EXPECT_EQ(attempt(answer(413)).outcome, Outcome::again);
    EXPECT_EQ(delivery_.counts().shortened, 1U);
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
