// Clients that are slow, greedy or silent, against limits short enough for a test.
#include <gtest/gtest.h>

#include <thread>

#include "test_server.h"

namespace chorus::http::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// Sends `bytes` again and again, pausing until the server answers or hangs up.
Answer drip(RawClient& client, std::string_view bytes) {
    const auto deadline = SteadyClock::now() + 10s;
    while (SteadyClock::now() < deadline && client.try_send(bytes, 100)) {
        std::this_thread::sleep_for(5ms);
        if (client.readable()) break;
    }
    return client.read().value_or(Answer{});
}

TEST(SlowClient, HeadThatDoesNotEndIsCutAtItsDeadline) {
    TestServer server({.head = 200ms});
    RawClient client = server.connect();
    const Answer answer = client.exchange("GET /open HTTP/1.1\r\nHost: x\r\n");
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.code(), "request_timeout");
    EXPECT_EQ(answer.header("connection"), "close");
}

TEST(SlowClient, DrippedHeadDoesNotStretchItsDeadline) {
    TestServer server({.head = 200ms});
    RawClient client = server.connect();
    client.send("GET /open HTTP/1.1\r\nHost: x\r\nA: ");
    EXPECT_EQ(drip(client, "a").status, 408);
}

TEST(SlowClient, EmptyLinesForEverAreNoRequest) {
    TestServer server({.head = 200ms});
    RawClient client = server.connect();
    EXPECT_EQ(drip(client, "\r\n").status, 400);
}

TEST(SlowClient, BodyBelowTheLeastRateIsCut) {
    TestServer server({.slow_body_grace = 100ms, .slow_body_bytes_per_second = 1'000'000});
    RawClient client = server.connect();
    client.send(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000\r\n\r\n");
    const Answer answer = drip(client, "a");
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.code(), "request_timeout");
    EXPECT_EQ(server.handled(), 0);
}

TEST(SlowClient, BodyAtTheLeastRateIsStillCutWhenTheRequestIsOver) {
    TestServer server({.request = 300ms, .slow_body_bytes_per_second = 1});
    RawClient client = server.connect();
    client.send(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 1024\r\n\r\n");
    EXPECT_EQ(drip(client, "a").status, 408);
}

TEST(SlowClient, IdleConnectionIsClosedWithoutAWord) {
    TestServer server({.idle = 100ms});
    RawClient fresh = server.connect();
    EXPECT_TRUE(fresh.closed_without_reset());
    RawClient used = server.connect();
    EXPECT_EQ(used.exchange(get("/open")).status, 200);
    EXPECT_TRUE(used.closed_without_reset());
}

TEST(SlowClient, WhoDoesNotReadIsCut) {
    TestServer server({.write = 200ms});
    RawClient client = server.connect();
    client.read_little();
    client.send(get("/huge"));
    EXPECT_TRUE(server.eventually_handled(1));
    // More than the kernel buffers, and nobody read it: gone means cut, not answered. What the
    // client hears of it is the kernels' affair: a full receive buffer may lose the reset.
    EXPECT_TRUE(server.eventually_connected(0));
}

TEST(SlowClient, ContinueIsSentBeforeTheBody) {
    TestServer server;
    RawClient client = server.connect();
    const Answer first = client.exchange(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(first.status, 100);
    const Answer second = client.exchange("{}");
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.body, "2");
}

TEST(SlowClient, RefusedBodyIsNotAskedFor) {
    TestServer server;
    RawClient client = server.connect();
    const Answer answer = client.exchange(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.header("connection"), "close");
}

TEST(SlowClient, SenderOfATooLargeBodyStillSeesTheAnswer) {
    TestServer server;
    RawClient client = server.connect();
    const std::string body(8U << 20U, 'a');
    client.send(post("/items", body));
    const Answer answer = client.read().value_or(Answer{});
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.code(), "body_too_large");
    client.finish_sending();
    EXPECT_TRUE(client.closed_without_reset());
}

}  // namespace
}  // namespace chorus::http::test
