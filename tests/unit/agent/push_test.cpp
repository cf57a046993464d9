// Answers, the edits of a packed batch, and what a delivery makes of each answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "agent/push/answer.h"
#include "agent/push/backoff.h"
#include "agent/push/delivery.h"
#include "agent/push/endpoint.h"
#include "agent/push/wire_edit.h"
#include "common/batch_json.h"
#include "common/compress.h"
#include "tests/unit/agent/tree.h"

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
    for (const char* code : {"host_conflict", "agent_cloned"}) {
        const std::string body = R"({"code":")" + std::string(code) + R"("})";
        EXPECT_EQ(judge(answer(409, body)), Verdict::forbidden) << code;
    }
    EXPECT_EQ(judge(answer(409, R"({"code":"batch_conflict"})")), Verdict::conflict);
}

TEST(Answer, StoredAnswerTellsWhatWasNotStored) {
    const auto told =
        read_stored(R"({"accepted":{},"expired":true,"warnings":[{"code":"duplicate_item",)"
                    R"("field":"/metrics/layout/3","message":"twice\u001b[31m"},7,{"code":3}]})");
    EXPECT_TRUE(told.expired);
    ASSERT_EQ(told.warnings.size(), 2U);
    EXPECT_EQ(told.warnings[0].code, "duplicate_item");
    EXPECT_EQ(told.warnings[0].field, "/metrics/layout/3");
    EXPECT_EQ(told.warnings[0].message, "twice [31m");
    EXPECT_FALSE(read_stored(kStored).expired);
    EXPECT_TRUE(read_stored(R"({"expired":"yes","warnings":{}})").warnings.empty());
}

TEST(Answer, DateIsTheAggregatorsClock) {
    const auto at = [](std::string date) {
        return date_of({.status = 422, .body = {}, .retry_after = {}, .date = std::move(date)});
    };
    EXPECT_EQ(at("Thu, 15 Jan 2026 10:30:45 GMT"), parse_timestamp("2026-01-15T10:30:45Z"));
    for (const char* date : {"", "soon", "Thu, 15 Jan 2026 10:30:45 GMT, and more"}) {
        EXPECT_FALSE(at(date)) << date;
    }
}

TEST(Answer, EachReasonForARefusalHasItsRemedy) {
    const auto problem = [](int status, const std::string& code) {
        return why_forbidden(answer(status, R"({"code":")" + code + R"("})"));
    };
    EXPECT_THAT(problem(401, "not_authenticated"),
                ::testing::AllOf(::testing::HasSubstr("does not know this token"),
                                 ::testing::HasSubstr("chorus-agent enroll")));
    EXPECT_THAT(problem(403, "agent_mismatch"), ::testing::HasSubstr("belongs to another agent"));
    EXPECT_THAT(problem(403, "forbidden"), ::testing::HasSubstr("its role is not agent"));
    EXPECT_THAT(problem(409, "host_conflict"), ::testing::HasSubstr("--hostname"));
    EXPECT_THAT(problem(404, ""), ::testing::HasSubstr("aggregator-url"));
    // A proxy's own page, whose text goes nowhere.
    EXPECT_THAT(why_forbidden(answer(403, "<html>no entry</html>")),
                ::testing::AllOf(::testing::HasSubstr("proxy"),
                                 ::testing::Not(::testing::HasSubstr("entry"))));
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

TEST(Answer, StoredAnswerTellsTheWantedIntervalAndTheTime) {
    const auto stored = read_stored(kStored);
    EXPECT_EQ(stored.interval_seconds, 30);
    EXPECT_EQ(stored.server_time, parse_timestamp("2026-01-15T10:30:45.123Z"));
    EXPECT_FALSE(read_stored("{}").interval_seconds);
    EXPECT_FALSE(read_stored("{}").server_time);
    EXPECT_FALSE(read_stored(R"({"config":{"interval_seconds":"often"}})").interval_seconds);
    EXPECT_FALSE(read_stored(R"({"server_time":"now"})").server_time);
    EXPECT_FALSE(read_stored("{broken").server_time);
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
    return {.seq = seq, .time = 1, .json_zstd = zstd_compress(json)};
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

TEST(WireEdit, EpochIsReadWhereItIsStamped) {
    const Batch batch = sample_batch();
    EXPECT_EQ(epoch_of(to_json(batch)), batch.epoch);
    EXPECT_FALSE(epoch_of("{}"));
    EXPECT_FALSE(epoch_of(R"({"epoch":"cut)"));
}

TEST(WireEdit, HalfOfTheProcessesAreFoldedIntoTheRemainder) {
    Batch batch = sample_batch();
    batch.processes->rows.clear();
    for (int i = 1; i <= 40; ++i) {
        ProcessSample process;
        process.pid = i;
        process.name = "worker";
        process.cpu_percent = i;
        batch.processes->rows.push_back(process);
    }
    batch.processes->scanned = 40;
    const Batch smaller = from_json(with_fewer_processes(to_json(batch)));
    EXPECT_EQ(smaller.processes->rows.size(), 20U);
    EXPECT_EQ(smaller.processes->scanned, 40);
    ASSERT_TRUE(smaller.processes->other);
    EXPECT_EQ(smaller.processes->other->count, 20);
    double sum = *smaller.processes->other->cpu_percent;
    for (const auto& row : smaller.processes->rows) sum += *row.cpu_percent;
    EXPECT_DOUBLE_EQ(sum, 40 * 41 / 2.0);
    EXPECT_EQ(smaller.values, batch.values);
}

TEST(WireEdit, FewProcessesAreLeftOutAtOnce) {
    Batch batch = sample_batch();
    const std::string smaller = with_fewer_processes(to_json(batch));
    batch.processes.reset();
    EXPECT_EQ(smaller, to_json(batch));
    EXPECT_EQ(with_fewer_processes(smaller), "");
    EXPECT_EQ(with_fewer_processes("{broken"), "");
}

TEST(Endpoint, TokenStaysOnTheHostUnlessPermitted) {
    const auto good = endpoint_of("http://127.0.0.1:8082/", false);
    ASSERT_TRUE(std::holds_alternative<Endpoint>(good));
    EXPECT_EQ(std::get<Endpoint>(good).host, "127.0.0.1");
    EXPECT_EQ(std::get<Endpoint>(good).port, 8082);
    EXPECT_EQ(std::get<Endpoint>(good).base_path, "");
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("http://10.0.0.5:8082", false)));
    EXPECT_TRUE(std::holds_alternative<Endpoint>(endpoint_of("http://10.0.0.5:8082", true)));
    const auto secure =
        std::get<Endpoint>(endpoint_of("https://metrics.example.org/chorus/", false));
    EXPECT_TRUE(secure.tls);
    EXPECT_EQ(secure.port, 443);
    EXPECT_EQ(secure.base_path, "/chorus");
    EXPECT_TRUE(std::holds_alternative<std::string>(endpoint_of("ftp://127.0.0.1", true)));
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

TEST(EpochMap, IsTheSameAfterARestart) {
    const testing::TemporaryTree directory;
    const std::string path = directory.path() + "/epochs";
    const Uuid old_epoch = Uuid::random(), other = Uuid::random();
    EpochMap before(path);
    before.renew(old_epoch);
    const EpochMap after(path);
    EXPECT_EQ(after.current(old_epoch), before.current(old_epoch));
    EXPECT_NE(after.current(old_epoch), old_epoch);
    EXPECT_EQ(after.current(other), other);
}

TEST(EpochMap, DamagedLinesAreLeftOut) {
    const testing::TemporaryTree directory;
    const Uuid a = Uuid::random(), b = Uuid::random();
    directory.write("epochs", "x y\n" + a.to_string() + " " + b.to_string() + "\ncut");
    EXPECT_EQ(EpochMap(directory.path() + "/epochs").current(a), b);
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
