// Answers, and the edits of a packed batch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/push/backoff.h"
#include "agent/push/endpoint.h"
#include "agent/push/epoch_map.h"
#include "agent/push/wire_edit.h"
#include "tests/unit/agent/tree.h"
#include "tests/unit/push/pushed.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;

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

TEST(Answer, StoredAnswerTellsTheRequestedIntervalAndTheTime) {
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

}  // namespace
}  // namespace chorus::agent
