// Streams that have no end, beside a server that goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "aggregator/http/stream_hub.h"
#include "test_server.h"

namespace chorus::http::test {
namespace {

using namespace std::chrono_literals;

StreamBytes text_of(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
}

// A server whose /stream is parked in a hub.
class Streams : public ::testing::Test {
  protected:
    explicit Streams(StreamHubLimits limits = quick()) : hub(limits) {
        Router router;
        router.add({Method::get, "/stream", Role::none, BodyRule::none, 0, [this](const Request&) {
                        Response response;
                        response.content_type = "text/event-stream";
                        response.take_over = [this](const Poco::Net::StreamSocket& socket) {
                            const StreamId id = hub.next_id();
                            newest = id;
                            if (hub.park(id, socket, [this] { ++closed; })) ++parked;
                        };
                        return response;
                    }});
        dispatcher.emplace(std::move(router), tokens, DispatcherOptions{}, metrics);
        server.emplace("127.0.0.1", 0, *dispatcher, ServerLimits{.connections = 8}, metrics);
        hub.start();
        server->start();
    }
    ~Streams() override {
        server->stop(0ms);
        hub.stop();
    }
    static StreamHubLimits quick() {
        StreamHubLimits limits;
        limits.outbox_bytes = 1U << 20U;
        limits.ping = 1s;
        return limits;
    }

    RawClient open() {
        const int before = parked;
        RawClient client{server->port()};
        head = client.exchange(get("/stream"), true);
        EXPECT_EQ(head.status, 200);
        EXPECT_TRUE(eventually([&] { return parked > before; }));
        return client;
    }
    static bool eventually(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(5ms);
        }
        return true;
    }

    Answer head;  // of the last stream
    StreamHub hub;
    NamedTokens tokens;
    MetricsRegistry metrics;
    std::optional<Dispatcher> dispatcher;
    std::optional<Server> server;
    std::atomic<int> parked{0};
    std::atomic<int> closed{0};
    std::atomic<StreamId> newest{0};
};

TEST_F(Streams, HeadHasNoLengthAndSaysThatTheCloseIsTheEnd) {
    const RawClient client = open();
    EXPECT_FALSE(head.has("content-length"));
    EXPECT_FALSE(head.has("transfer-encoding"));
    EXPECT_EQ(head.header("content-type"), "text/event-stream");
    EXPECT_EQ(head.header("connection"), "close");
}

TEST_F(Streams, MessagesComeInTheirOrderAndPingsBetweenThem) {
    RawClient client = open();
    for (int i = 0; i < 1'000; ++i) hub.send(newest, text_of("<" + std::to_string(i) + ">"));
    std::string expected;
    for (int i = 0; i < 1'000; ++i) expected += "<" + std::to_string(i) + ">";
    EXPECT_TRUE(client.read_until(expected));
    EXPECT_TRUE(client.read_until(": ping\n\n"));
}

TEST_F(Streams, HoldNoConnectionOfTheServer) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(open());  // it takes 8 connections at once
    EXPECT_EQ(parked, 20);
    hub.send(newest, text_of("hello"));
    EXPECT_TRUE(clients.back().read_until("hello"));
}

TEST_F(Streams, AClientThatDoesNotReadIsCutOffAndDelaysNobody) {
    const RawClient stalled = open();
    const StreamId stalled_id = newest;
    RawClient reader = open();
    const StreamId reader_id = newest;
    const auto large = text_of(std::string(64U << 10U, 'x') + "\n");
    for (int i = 0; i < 100; ++i) {
        const std::string mark = "mark " + std::to_string(i) + "\n";
        hub.send({stalled_id, reader_id}, text_of(mark));
        hub.send(stalled_id, large);
        ASSERT_TRUE(reader.read_until(mark)) << i;
    }
    EXPECT_TRUE(eventually([&] { return closed == 1; }));
}

TEST_F(Streams, AreForgottenWhenTheClientGoes) {
    { const RawClient client = open(); }
    EXPECT_TRUE(eventually([&] { return closed == 1; }));
    hub.send(newest, text_of("nobody hears this"));
}

TEST_F(Streams, AClientThatTalksTooMuchIsCutOff) {
    RawClient client = open();
    client.try_send(std::string(100'000, 'x'), 1'000);
    EXPECT_TRUE(eventually([&] { return closed == 1; }));
}

TEST_F(Streams, CloseEndsOneAndStopAll) {
    RawClient first = open();
    const StreamId first_id = newest;
    RawClient second = open();
    hub.close(first_id);
    EXPECT_TRUE(first.read_to_end());
    EXPECT_TRUE(eventually([&] { return closed == 1; }));
    hub.stop();
    EXPECT_TRUE(second.read_to_end());
    EXPECT_EQ(closed, 2);
}

TEST_F(Streams, HeadRequestsAreAnsweredWithoutAStream) {
    RawClient client{server->port()};
    const Answer answer = client.exchange("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n", true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(client.read_to_end());
    EXPECT_EQ(parked, 0);
}

}  // namespace
}  // namespace chorus::http::test
