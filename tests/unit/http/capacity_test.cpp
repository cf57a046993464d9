// Bounds over all connections, and the end of the server.
#include <gtest/gtest.h>

#include <future>
#include <list>
#include <thread>
#include <vector>

#include "common/descriptor_limit.h"
#include "test_server.h"

namespace chorus::http::test {
namespace {

using namespace std::chrono_literals;

TEST(ServerCapacity, ConnectionAboveTheLimitIsToldToComeBack) {
    TestServer server({.connections = 3});
    std::list<RawClient> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(server.connect());
        ASSERT_EQ(clients.back().exchange(get("/open")).status, 200);
    }
    RawClient fourth = server.connect();
    const Answer answer = fourth.exchange(get("/open"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "overloaded");
    EXPECT_EQ(answer.header("retry-after"), "2");
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_FALSE(answer.header("x-request-id").empty());
    EXPECT_TRUE(fourth.closed_without_reset());

    clients.pop_front();
    ASSERT_TRUE(server.eventually_connected(2));
    EXPECT_EQ(server.ask(get("/open")).status, 200);
    const std::string text = server.metrics.expose();
    EXPECT_NE(text.find("chorus_aggregator_http_connections_refused_total 1"), std::string::npos);
}

TEST(ServerCapacity, AThousandConnectionsAreServedAndTheNextIsRefused) {
    ASSERT_GT(raise_descriptor_limit(), 2'100U)
        << "both ends of each connection are in this process";
    TestServer server;
    std::list<RawClient> clients;
    for (int i = 0; i < 1'000; ++i) clients.push_back(server.connect());
    for (RawClient& client : clients) client.send(get("/open"));
    for (RawClient& client : clients) ASSERT_EQ(client.read().value_or(Answer{}).status, 200);
    EXPECT_EQ(server.ask(get("/open")).status, 503);
}

TEST(ServerCapacity, BodiesAboveTheBudgetAreRefusedUntilItIsFree) {
    TestServer server({.body_bytes_in_flight = 1'000});
    const std::string body(600, ' ');
    RawClient first = server.connect();
    first.send(post("/wait", body));
    ASSERT_TRUE(server.gate.reached());

    RawClient second = server.connect();
    const Answer refused = second.exchange(post("/items", body));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.code(), "overloaded");
    EXPECT_EQ(refused.header("retry-after"), "1");

    server.gate.open();
    EXPECT_EQ(first.read().value_or(Answer{}).body, "waited");
    // The share is given back just after the answer was written.
    EXPECT_EQ(first.exchange(post("/items", body)).status, 200);
}

TEST(ServerStop, RequestInFlightIsAnsweredAndItsConnectionClosed) {
    TestServer server;
    RawClient idle = server.connect();
    ASSERT_EQ(idle.exchange(get("/open")).status, 200);
    RawClient busy = server.connect();
    busy.send(get("/wait"));
    ASSERT_TRUE(server.gate.reached());

    auto stopped = std::async(std::launch::async, [&] { server.server.stop(10s); });
    EXPECT_TRUE(idle.closed_without_reset());
    server.gate.open();
    const Answer answer = busy.read().value_or(Answer{});
    EXPECT_EQ(answer.body, "waited");
    EXPECT_EQ(answer.header("connection"), "close");
    busy.close();
    EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST(ServerStop, HalfARequestIsCutAtTheEndOfTheGrace) {
    TestServer server;
    RawClient client = server.connect();
    client.send("GET /open HTTP/1.1\r\n");
    ASSERT_TRUE(server.eventually_connected(1));
    auto stopped = std::async(std::launch::async, [&] { server.server.stop(100ms); });
    EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
    EXPECT_TRUE(client.closed());
}

TEST(ServerStop, ManyClientsAtWorkDoNotKeepItFromStopping) {
    TestServer server;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    std::atomic<int> answered{0};
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                RawClient client = server.connect();
                for (int n = 0; n < 20 && !stop; ++n) {
                    if (!client.try_send(get("/view"), 1'000) || !client.read()) break;
                    ++answered;
                }
            }
        });
    }
    while (answered < 500) std::this_thread::yield();
    stop = true;  // what is connected by now still works while the server stops
    server.server.stop(10s);
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(answered, 500);
}

TEST(ServerStart, PortInUseIsNamed) {
    TestServer server;
    try {
        Server second("127.0.0.1", server.port(), server.dispatcher, {}, server.metrics);
        FAIL() << "bound the same port twice";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find(std::to_string(server.port())), std::string::npos);
    }
}

}  // namespace
}  // namespace chorus::http::test
