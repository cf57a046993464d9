#include "common/http/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus {
namespace {

using HeadState = HttpHeadReader::State;

struct Read {
    HeadState state = HeadState::reading;
    HttpHead head;
    std::string fault;
    std::string rest;
};

// A head fed at once and byte by byte must be read alike.
Read read_head(const std::string& bytes) {
    HttpHeadReader whole, pieces;
    std::string_view all = bytes;
    whole.feed(all);
    std::string rest;
    for (const char c : bytes) {
        std::string_view one{&c, 1};
        pieces.feed(one);
        rest += one;
    }
    EXPECT_EQ(whole.state(), pieces.state()) << bytes;
    EXPECT_STREQ(whole.fault(), pieces.fault()) << bytes;
    EXPECT_EQ(whole.head().status, pieces.head().status) << bytes;
    EXPECT_EQ(whole.head().content_length, pieces.head().content_length) << bytes;
    EXPECT_EQ(whole.head().keeps_alive, pieces.head().keeps_alive) << bytes;
    if (whole.state() == HeadState::complete) {
        EXPECT_EQ(all, rest) << bytes;
    }
    return {whole.state(), whole.head(), whole.fault(), std::string(all)};
}

Read with(const std::string& headers) {
    return read_head("HTTP/1.1 200 OK\r\n" + headers + "\r\n");
}

TEST(HttpHead, GivesWhatClientsNeed) {
    const auto found = read_head(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH:  12 \r\nRetry-After: 7\r\n\r\nbody");
    ASSERT_EQ(found.state, HeadState::complete);
    EXPECT_EQ(found.head.status, 503);
    EXPECT_EQ(found.head.content_length, 12U);
    EXPECT_EQ(found.head.retry_after, "7");
    EXPECT_TRUE(found.head.keeps_alive);
    EXPECT_EQ(found.rest, "body");
    EXPECT_TRUE(with("Content-Type: text/event-stream; charset=utf-8\r\n").head.event_stream);
    EXPECT_FALSE(with("Content-Type: text/html\r\n").head.event_stream);
}

TEST(HttpHead, ConnectionIsKeptUnlessItIsToBeClosed) {
    const std::string length = "Content-Length: 0\r\n";
    EXPECT_TRUE(with(length + "Connection: keep-alive\r\n").head.keeps_alive);
    EXPECT_TRUE(read_head("HTTP/1.1 204 X\r\n\r\n").head.keeps_alive);
    EXPECT_FALSE(with(length + "Connection: Close\r\n").head.keeps_alive);
    EXPECT_FALSE(with(length + "Connection: x, close\r\n").head.keeps_alive);
    EXPECT_FALSE(read_head("HTTP/1.0 200 OK\r\n" + length + "\r\n").head.keeps_alive);
    EXPECT_FALSE(with("").head.keeps_alive) << "the body ends with the connection";
}

// Two programs may disagree about where such an answer ends, so nothing follows on its connection.
TEST(HttpHead, WhatIsReadLenientlyEndsTheConnection) {
    for (const std::string answer :
         {"HTTP/1.1 200 OK\nContent-Length: 2\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\n",
          "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\n a: b\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1 200 OK\r\n: empty\r\nContent-Length: 2\r\n\r\n",
          "HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\n",
          "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"}) {
        const auto found = read_head(answer);
        ASSERT_EQ(found.state, HeadState::complete) << answer;
        EXPECT_EQ(found.head.status, 200) << answer;
        EXPECT_EQ(found.head.content_length, 2U) << answer;
        EXPECT_FALSE(found.head.keeps_alive) << answer;
    }
}

TEST(HttpHead, TheStatusLineNeedsNoReason) {
    for (const char* line :
         {"HTTP/1.1 204", "HTTP/1.1 204 ", "HTTP/1.0 204 a b  c", "HTTP/1.9\t204"}) {
        EXPECT_EQ(read_head(std::string(line) + "\r\n\r\n").head.status, 204) << line;
    }
    EXPECT_EQ(read_head("HTTP/1.1 999 Request denied\r\n\r\n").head.status, 999);
}

TEST(HttpHead, ACodingAndAStatusWithoutBodyCountMoreThanALength) {
    auto found = with("Content-Length: 5\r\nTransfer-Encoding: gzip,\r\n Chunked\r\n");
    EXPECT_TRUE(found.head.chunked);
    EXPECT_FALSE(found.head.content_length);
    EXPECT_FALSE(found.head.keeps_alive);
    found = with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\nContent-Length: x\r\n");
    EXPECT_EQ(found.state, HeadState::complete);
    EXPECT_FALSE(found.head.chunked);
    for (const char* status : {"101", "204", "304"}) {
        found = read_head("HTTP/1.1 " + std::string(status) +
                          " X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
        EXPECT_TRUE(found.head.bodyless) << status;
        EXPECT_FALSE(found.head.chunked) << status;
        EXPECT_FALSE(found.head.keeps_alive) << status;
    }
}

TEST(HttpHead, InterimAnswersAreSkipped) {
    const auto found = read_head(
        "HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nRetry-After: 9\r\n\r\n"
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(found.head.status, 200);
    EXPECT_EQ(found.head.content_length, 1U);
    EXPECT_EQ(found.head.retry_after, "");
    EXPECT_EQ(found.rest, "x");
}

TEST(HttpHead, ALengthThatIsNotSureIsRefused) {
    for (const char* headers :
         {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1, 2\r\n",
          "Content-Length: -1\r\n", "Content-Length: +1\r\n", "Content-Length: 1x\r\n",
          "Content-Length: \r\n", "Content-Length: 1 1\r\n", "Content-Length: 0x1\r\n"}) {
        EXPECT_EQ(with(headers).state, HeadState::broken) << headers;
    }
    EXPECT_EQ(with("Content-Length: 99999999999999999999\r\n").head.content_length, UINT64_MAX);
}

TEST(HttpHead, WhatIsNotHttpIsRefusedAtItsFirstBytes) {
    for (const char* text :
         {"SSH-2.0-OpenSSH_9.2\r\n", "-ERR unknown command\r\n", "ICY 200 OK\r\n\r\n",
          "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 X\r\n\r\n",
          "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.12 200 X\r\n\r\n",
          "HTTP/1.1\r\n\r\n"}) {
        const auto found = read_head(text);
        EXPECT_EQ(found.state, HeadState::broken) << text;
        EXPECT_EQ(found.fault, "Not an HTTP answer") << text;
    }
    EXPECT_EQ(read_head("S").state, HeadState::broken);
    EXPECT_EQ(read_head("HTTP/1.").state, HeadState::reading);
}

TEST(HttpHead, LongHeadsAreReadAndEndlessOnesAreBounded) {
    EXPECT_EQ(
        with("X: " + std::string(60'000, 'x') + "\r\nContent-Length: 2\r\n").head.content_length,
        2U);
    for (const std::string& piece : {std::string(1'000, 'x'), std::string("X: y\r\n"),
                                     std::string("\r\nHTTP/1.1 100 Continue\r\n")}) {
        HttpHeadReader reader;
        std::string_view first = "HTTP/1.1 200 OK\r\nX";
        reader.feed(first);
        std::size_t sent = 0;
        while (reader.state() == HeadState::reading && sent < 1'000'000) {
            std::string_view bytes = piece;
            reader.feed(bytes);
            sent += piece.size();
        }
        EXPECT_LT(sent, HttpHeadReader::kMostBytes + 2'000) << piece.substr(0, 20);
    }
}

TEST(HttpHead, AnEndTooEarlyIsToldAsSuch) {
    const auto fault_after = [](std::string_view bytes) {
        HttpHeadReader reader;
        reader.feed(bytes);
        reader.end();
        return std::string(reader.fault());
    };
    EXPECT_EQ(fault_after(""), "Connection closed without an answer");
    EXPECT_EQ(fault_after("HTTP/1.1 200 OK\r\nContent-Le"), "The answer was cut off");
    EXPECT_EQ(fault_after("HTTP/1.1 200 OK\r\n"), "The answer was cut off");
}

}  // namespace
}  // namespace chorus
