#include "aggregator/health/http_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus::health {
namespace {

using State = HttpAnswer::State;

// The answer fed at once and byte by byte must be judged alike.
HttpAnswer read(const std::string& bytes, bool closed = true) {
    HttpAnswer whole{true}, pieces{true};
    whole.feed(bytes);
    for (const char c : bytes) pieces.feed({&c, 1});
    if (closed) {
        whole.end();
        pieces.end();
    }
    EXPECT_EQ(whole.state(), pieces.state()) << bytes;
    EXPECT_EQ(whole.status(), pieces.status());
    EXPECT_EQ(whole.body(), pieces.body());
    EXPECT_EQ(whole.error(), pieces.error());
    return whole;
}

TEST(HttpAnswer, EndsWithItsLengthItsLastChunkOrTheConnection) {
    auto answer = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false);
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body(), "hello");
    answer = read(
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        false);
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.body(), "hello");
    answer = read("HTTP/1.0 500 Oops\r\n\r\nsorry");
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.status(), 500);
    EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n", false).state(), State::complete);
    EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false).state(), State::complete);
}

TEST(HttpAnswer, InterimAnswersAreSkipped) {
    const auto answer = read(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: "
        "0\r\n\r\n");
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.status(), 503);
}

TEST(HttpAnswer, AnAnswerThatEndsEarlyIsBroken) {
    EXPECT_EQ(read("").error(), "Connection closed without an answer");
    for (const char* bytes :
         {"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
        EXPECT_EQ(read(bytes).error(), "The answer was cut off") << bytes;
    }
}

TEST(HttpAnswer, WhatIsNotHttpIsRefusedAtItsFirstBytes) {
    for (const char* bytes :
         {"SSH-2.0-OpenSSH_9.2\r\n", "-ERR unknown command\r\n", "HTTP/2 200\r\n\r\n",
          "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        EXPECT_EQ(read(bytes, false).state(), State::broken) << bytes;
    }
    HttpAnswer answer{false};
    EXPECT_EQ(answer.feed("S"), State::broken);
}

TEST(HttpAnswer, EndlessHeadsChunkLinesAndBodiesAreBounded) {
    HttpAnswer head{true};
    head.feed("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100 && head.state() == State::head; ++i) head.feed(std::string(1'000, 'x'));
    EXPECT_EQ(head.state(), State::broken);

    HttpAnswer chunk{true};
    chunk.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(chunk.feed(std::string(5'000, '0')), State::broken);

    for (const char* header : {"", "Content-Length: 99999999999\r\n"}) {
        HttpAnswer body{true};
        body.feed(std::string("HTTP/1.1 200 OK\r\n") + header + "\r\n");
        std::size_t sent = 0;
        while (body.state() == State::body && sent < 10'000'000) {
            body.feed(std::string(10'000, 'x'));
            sent += 10'000;
        }
        EXPECT_EQ(body.state(), State::complete);
        EXPECT_EQ(body.body().size(), HttpAnswer::kMostBodyBytes);
        EXPECT_LT(sent, 100'000U);
    }
}

TEST(HttpAnswer, ABodyThatNobodyAsksForIsNotKept) {
    HttpAnswer answer{false};
    answer.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.body(), "");
}

}  // namespace
}  // namespace chorus::health
