#include "agent/push/response_head.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus::agent {
namespace {

std::string head(const std::string& headers) {
    return "HTTP/1.1 200 OK\r\n" + headers + "\r\n";
}

TEST(ResponseHead, GivesWhatTheAgentNeeds) {
    const auto parsed = parse_response_head(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH:  12 \r\nRetry-After: 7\r\n\r\n");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->status, 503);
    EXPECT_EQ(parsed->content_length, 12U);
    EXPECT_EQ(parsed->retry_after, "7");
    EXPECT_TRUE(parsed->keeps_alive);
}

TEST(ResponseHead, ConnectionIsKeptUnlessItIsToBeClosed) {
    EXPECT_FALSE(parse_response_head(head("Connection: Close\r\n"))->keeps_alive);
    EXPECT_FALSE(parse_response_head("HTTP/1.0 200 OK\r\n\r\n")->keeps_alive);
    EXPECT_TRUE(parse_response_head(head("Connection: keep-alive\r\n"))->keeps_alive);
}

TEST(ResponseHead, ReasonMayBeAbsent) {
    EXPECT_EQ(parse_response_head("HTTP/1.1 204\r\n\r\n")->status, 204);
}

TEST(ResponseHead, WhatIsNotSureIsRefused) {
    for (const char* headers :
         {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: -1\r\n",
          "Content-Length: +1\r\n", "Content-Length: 1x\r\n", "Content-Length: \r\n",
          "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n",
          "no colon\r\n"}) {
        EXPECT_FALSE(parse_response_head(head(headers))) << headers;
    }
    for (const char* text :
         {"", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 X\r\n\r\n",
          "HTTP/1.1 abc OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n"}) {
        EXPECT_FALSE(parse_response_head(text)) << text;
    }
    EXPECT_EQ(
        parse_response_head(head("Content-Length: 3\r\nContent-Length: 3\r\n"))->content_length,
        3U);
}

}  // namespace
}  // namespace chorus::agent
