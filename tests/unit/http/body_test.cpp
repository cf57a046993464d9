// What may be in a body, by the rule of its route.
#include <gtest/gtest.h>

#include "common/batch/batch.h"
#include "common/compress.h"
#include "test_server.h"

namespace chorus::http::test {
namespace {

const std::string kAgent = "Authorization: Bearer agent\r\n";

std::string typed_post(std::string_view path, std::string_view type) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: 2\r\n\r\n{}";
}

Answer ingest(const TestServer& server, std::string_view encoding, std::string_view body) {
    return server.ask(
        post("/ingest", body, kAgent + "Content-Encoding: " + std::string(encoding) + "\r\n"));
}

TEST(Body, EmptyOneIsTheHandlersToJudge) {
    TestServer server;
    EXPECT_EQ(server.ask(post("/items", "")).body, "0");
    EXPECT_EQ(server.ask("POST /items HTTP/1.1\r\nHost: x\r\n\r\n").body, "0");
}

TEST(Body, OtherMediaTypesAre415) {
    TestServer server;
    for (const char* type : {"text/plain", "application/json; charset=utf-16", "", "application",
                             "application/x-www-form-urlencoded", "application/jsonp"}) {
        const Answer answer = server.ask(typed_post("/items", type));
        EXPECT_EQ(answer.status, 415) << type;
        EXPECT_EQ(answer.code(), "unsupported_media_type") << type;
        EXPECT_NE(answer.body.find("application/json"), std::string::npos);
    }
    for (const char* type : {"application/json", "Application/JSON;charset=UTF-8",
                             "application/json; charset=\"utf-8\""}) {
        EXPECT_EQ(server.ask(typed_post("/items", type)).status, 200) << type;
    }
}

TEST(Body, RefusedSmallBodyLeavesTheConnectionUsable) {
    TestServer server;
    RawClient client = server.connect();
    EXPECT_EQ(client.exchange(typed_post("/items", "text/plain")).status, 415);
    EXPECT_EQ(client.exchange(get("/items/stats")).body, "stats");
}

TEST(Body, IngestNeedsALength) {
    TestServer server;
    const Answer answer = server.ask("POST /ingest HTTP/1.1\r\nHost: x\r\n" + kAgent + "\r\n");
    EXPECT_EQ(answer.status, 411);
    EXPECT_EQ(answer.code(), "length_required");
}

TEST(Body, OneByteAboveTheLimitIs413) {
    TestServer server;
    EXPECT_EQ(server.ask(post("/items", std::string(1'024, ' '))).status, 200);
    const Answer answer = server.ask(post("/items", std::string(1'025, ' ')));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.code(), "body_too_large");
    EXPECT_NE(answer.body.find("1024"), std::string::npos);
}

TEST(Body, EightMebibytesAreTakenForIngestAndNoMore) {
    TestServer server;
    const std::string most(8U << 20U, ' ');
    EXPECT_EQ(server.ask(post("/ingest", most, kAgent)).body, std::to_string(most.size()));
    EXPECT_EQ(server.ask(post("/ingest", most + " ", kAgent)).status, 413);
}

TEST(Body, KnownEncodingsAreInflated) {
    TestServer server;
    const std::string raw(100'000, 'a');
    EXPECT_EQ(ingest(server, "zstd", zstd_compress(raw)).body, "100000");
    EXPECT_EQ(ingest(server, "gzip", gzip_compress(raw)).body, "100000");
    EXPECT_EQ(ingest(server, "identity", raw).body, "100000");
}

TEST(Body, OtherEncodingsAre415) {
    TestServer server;
    for (const char* encoding : {"br", "gzip, gzip", "deflate", "gzip\r\nContent-Encoding: gzip"}) {
        const Answer answer = ingest(server, encoding, gzip_compress("{}"));
        EXPECT_EQ(answer.status, 415) << encoding;
        EXPECT_EQ(answer.code(), "unsupported_encoding") << encoding;
    }
    EXPECT_EQ(server.ask(post("/items", gzip_compress("{}"), "Content-Encoding: gzip\r\n")).status,
              415)
        << "only ingest takes compressed bodies";
}

TEST(Body, DamagedCompressionIs400) {
    TestServer server;
    const std::string zipped = gzip_compress("{\"a\":1}");
    std::string wrong_sum = zipped;
    wrong_sum[wrong_sum.size() - 6] = static_cast<char>(wrong_sum[wrong_sum.size() - 6] ^ 1);
    for (const std::string& bytes :
         {zipped.substr(0, zipped.size() / 2), wrong_sum, zipped + "x", zipped + zipped}) {
        const Answer answer = ingest(server, "gzip", bytes);
        EXPECT_EQ(answer.status, 400);
        EXPECT_EQ(answer.code(), "invalid_gzip");
    }
    const std::string frame = zstd_compress("{\"a\":1}");
    for (const std::string& bytes :
         {frame.substr(0, frame.size() - 1), frame + "x", frame + frame, std::string("{}")}) {
        const Answer answer = ingest(server, "zstd", bytes);
        EXPECT_EQ(answer.status, 400);
        EXPECT_EQ(answer.code(), "invalid_zstd");
    }
    EXPECT_EQ(server.handled(), 0);
}

TEST(Body, BombsAreStoppedAtTheLimit) {
    TestServer server;
    const std::string most(limits::kInflatedBytes, ' ');
    EXPECT_EQ(ingest(server, "zstd", zstd_compress(most)).status, 200);
    for (const auto& [encoding, body] : {std::pair{"zstd", zstd_compress(most + " ")},
                                         std::pair{"gzip", gzip_compress(most + " ")}}) {
        const Answer answer = ingest(server, encoding, body);
        EXPECT_EQ(answer.status, 413) << encoding;
        EXPECT_EQ(answer.code(), "inflated_too_large") << encoding;
    }
    EXPECT_EQ(server.handled(), 1);
}

}  // namespace
}  // namespace chorus::http::test
