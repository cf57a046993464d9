#include "common/http/http_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus {
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

TEST(HttpAnswer, ChunksMayEndTheirLinesWithLineFeedsAndHaveExtensions) {
    const auto answer = read(
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;a=\"b;c\"\nhel\n2 ;d\r\nlo\r\n0\nX: "
        "y\n\n",
        false);
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.body(), "hello");
    for (const char* chunks : {"x\r\n", "\r\n", "5 5\r\n", "-1\r\n", "1\r\nabc\r\n"}) {
        EXPECT_EQ(
            read(std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks,
                 false)
                .error(),
            "The answer's chunks are malformed")
            << chunks;
    }
}

TEST(HttpAnswer, AnEndThatNobodyAnnouncedIsWaitedForOnlyIfTheBodyIsWanted) {
    for (const char* head : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\n\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                             "Content-Type: text/event-stream\r\n\r\n"}) {
        HttpAnswer indifferent{false}, wanted{true};
        EXPECT_EQ(indifferent.feed(head), State::complete) << head;
        EXPECT_FALSE(indifferent.keeps_alive());
        EXPECT_EQ(wanted.feed(head), State::body) << head;
    }
}

TEST(HttpAnswer, TheConnectionIsKeptOnlyWhereTheEndIsSure) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    EXPECT_TRUE(read(head + "ok", false).keeps_alive());
    EXPECT_FALSE(read(head + "o", false).keeps_alive());
    EXPECT_FALSE(read(head + "ok!", false).keeps_alive()) << "whose is the rest?";
    EXPECT_FALSE(read("HTTP/1.1 204 X\r\n\r\n!", false).keeps_alive());
    EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false)
                     .keeps_alive());
}

TEST(HttpAnswer, EndlessChunkLinesAndBodiesAreBounded) {
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
        EXPECT_TRUE(body.cut());
        EXPECT_EQ(body.body().size(), HttpAnswer::kMostBodyBytes);
        EXPECT_LT(sent, 100'000U);
    }
}

TEST(HttpAnswer, ABodyAboveTheBoundIsCutAlsoIfItCameWhole) {
    for (const std::size_t more : {0U, 1U}) {
        const std::size_t size = HttpAnswer::kMostBodyBytes + more;
        HttpAnswer answer{true};
        answer.feed("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                    std::string(size, 'x'));
        EXPECT_EQ(answer.state(), State::complete);
        EXPECT_EQ(answer.cut(), more > 0);
    }
}

TEST(HttpAnswer, ABodyThatNobodyAsksForIsNotKept) {
    HttpAnswer answer{false};
    answer.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.state(), State::complete);
    EXPECT_EQ(answer.body(), "");
}

}  // namespace
}  // namespace chorus
