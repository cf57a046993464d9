// The HTTP client against a server that behaves badly on purpose.
#include "agent/push/ingest_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "agent/procfs/support/file_descriptor.h"
#include "common/http/http_answer.h"
#include "scripted_server.h"

namespace chorus::agent {
namespace {

using namespace std::chrono_literals;

IngestClient client_of(const ScriptedServer& server, std::chrono::milliseconds limit = 10s) {
    return {Endpoint{.host = "127.0.0.1", .port = server.port(), .base_path = "/base"},
            "secret-token", limit};
}

Answer got(std::variant<Answer, NoAnswer> result) {
    if (const auto* silence = std::get_if<NoAnswer>(&result)) {
        throw std::runtime_error("no answer: " + silence->reason);
    }
    return std::get<Answer>(std::move(result));
}

bool is_silence(const std::variant<Answer, NoAnswer>& result) {
    return std::holds_alternative<NoAnswer>(result);
}

TEST(IngestClient, SendsTheContractsRequest) {
    ScriptedServer server([](const Seen&) { return ScriptedServer::Reply{response(200, "{}")}; });
    auto client = client_of(server);
    const auto answer = got(client.post("the body"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{}");
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].body, "the body");
    EXPECT_TRUE(seen[0].head.starts_with("post /base/api/v1/ingest http/1.1\r\n")) << seen[0].head;
    for (const char* header : {"authorization: bearer secret-token\r\n", "x-chorus-protocol: 1\r\n",
                               "content-type: application/json\r\n", "content-encoding: zstd\r\n",
                               "content-length: 8\r\n"}) {
        EXPECT_NE(seen[0].head.find(header), std::string::npos) << header;
    }
    EXPECT_EQ(seen[0].head.find("transfer-encoding"), std::string::npos);
}

TEST(IngestClient, KeepsItsConnection) {
    ScriptedServer server([](const Seen&) { return ScriptedServer::Reply{response(200, "{}")}; });
    auto client = client_of(server);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(got(client.post("x")).status, 200);
    for (const auto& seen : server.seen()) EXPECT_EQ(seen.connection, 1);
}

TEST(IngestClient, OpensANewConnectionWhenTheIdleOneWasClosed) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = response(200, "{}"), .close_after = true};
    });
    auto client = client_of(server);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(got(client.post("x")).status, 200);
    EXPECT_EQ(server.seen().size(), 3U);
}

TEST(IngestClient, GivesEachStatusWithItsBodyAndRetryAfter) {
    std::atomic<int> status{0};
    ScriptedServer server([&](const Seen&) {
        return ScriptedServer::Reply{response(status, "why", "Retry-After: 9\r\n")};
    });
    auto client = client_of(server);
    for (const int code : {200, 400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503}) {
        status = code;
        const auto answer = got(client.post("x"));
        EXPECT_EQ(answer.status, code);
        EXPECT_EQ(answer.body, "why");
        EXPECT_EQ(answer.retry_after, "9");
    }
}

TEST(IngestClient, FollowsNoRedirect) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{response(307, "", "Location: http://127.0.0.1:1/\r\n")};
    });
    auto client = client_of(server);
    EXPECT_EQ(got(client.post("x")).status, 307);
    EXPECT_EQ(server.seen().size(), 1U);
}

TEST(IngestClient, BodyCutShortIsNoAnswer) {
    ScriptedServer server([](const Seen&) {
        auto bytes = response(200, R"({"accepted":{}})");
        bytes.resize(bytes.size() - 3);
        return ScriptedServer::Reply{.bytes = bytes, .close_after = true};
    });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
    EXPECT_EQ(server.seen().size(), 1U);
}

// Proxies on the way may send an answer in another form than the aggregator's.
TEST(IngestClient, EveryFormOfBodyIsReadAndOnlyASureEndKeepsTheConnection) {
    const std::vector<std::string> forms{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\n{}\r\n0\r\n\r\n"};
    std::atomic<std::size_t> turn{0};
    ScriptedServer server([&](const Seen&) { return ScriptedServer::Reply{forms[turn++]}; });
    auto client = client_of(server);
    for (std::size_t i = 0; i < forms.size(); ++i) {
        const auto answer = got(client.post("x"));
        EXPECT_EQ(answer.status, 200) << forms[i];
        EXPECT_EQ(answer.body, "{}") << forms[i];
        EXPECT_EQ(server.seen().back().connection, static_cast<int>(i) + 1) << forms[i];
    }
}

TEST(IngestClient, ABodyWithoutLengthEndsWithTheConnection) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = "HTTP/1.0 200 OK\r\n\r\n{}", .close_after = true};
    });
    auto client = client_of(server);
    EXPECT_EQ(got(client.post("x")).body, "{}");
}

TEST(IngestClient, HeadCutShortIsNoAnswer) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .close_after = true};
    });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, ClosingWithoutAWordIsNoAnswer) {
    ScriptedServer server([](const Seen&) { return ScriptedServer::Reply{}; });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, NoHttpIsNoAnswer) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = "SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n",
                                     .close_after = true};
    });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, EndlessAnswerIsNoAnswer) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{
            response(200, std::string(HttpAnswer::kMostBodyBytes + 1, 'x'))};
    });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, StallingServerIsLeftAtTheDeadline) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
                                     .close_after = false,
                                     .then_stall = true};
    });
    auto client = client_of(server, 300ms);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(is_silence(client.post("x")));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 250ms);
}

TEST(IngestClient, AnotherThreadCanEndARequest) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{
            .bytes = "HTTP/1.1 200 OK\r\n", .close_after = false, .then_stall = true};
    });
    auto client = client_of(server, 1h);
    std::jthread impatient([&] {
        const auto until = std::chrono::steady_clock::now() + 30s;
        while (server.seen().empty() && std::chrono::steady_clock::now() < until) {
            std::this_thread::yield();
        }
        client.bring_forward(Deadline::Clock::now());
    });
    EXPECT_TRUE(is_silence(client.post("x")));
    EXPECT_TRUE(is_silence(client.post("x")));  // no request begins after the end
}

TEST(IngestClient, NobodyListeningIsNoAnswer) {
    std::uint16_t port = 0;
    {
        const ScriptedServer gone([](const Seen&) { return ScriptedServer::Reply{}; });
        port = gone.port();
    }
    IngestClient client(Endpoint{.host = "127.0.0.1", .port = port, .base_path = ""}, "t", 5s);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, UnknownHostIsNoAnswer) {
    IngestClient client(Endpoint{.host = "no-such-host.invalid", .port = 1, .base_path = ""}, "t",
                        5s);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, ReasonsHoldNoToken) {
    ScriptedServer server([](const Seen&) { return ScriptedServer::Reply{}; });
    auto client = client_of(server);
    const auto result = client.post("x");
    ASSERT_TRUE(is_silence(result));
    EXPECT_EQ(std::get<NoAnswer>(result).reason.find("secret"), std::string::npos);
}

// An aggregator that refuses a body before it has read it.
TEST(IngestClient, EarlyAnswerToALargeBodyIsRead) {
    FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener.get(), generic, size), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
    std::jthread server([&] {
        const FileDescriptor peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char piece[1'024];
        while (::recv(peer.get(), piece, sizeof piece, 0) < 1) {
        }
        const std::string early = response(413, "{}", "Connection: close\r\n");
        ::send(peer.get(), early.data(), early.size(), MSG_NOSIGNAL);
        // What comes is read away, so that no reset overtakes the answer, up to some bound.
        ::shutdown(peer.get(), SHUT_WR);
        for (std::size_t left = 64U << 20U; left > 0;) {
            const auto n = ::recv(peer.get(), piece, sizeof piece, 0);
            if (n <= 0) return;
            left -= std::min(left, static_cast<std::size_t>(n));
        }
    });
    IngestClient client(
        Endpoint{.host = "127.0.0.1", .port = ntohs(address.sin_port), .base_path = ""}, "t", 20s);
    EXPECT_EQ(got(client.post(std::string(4U << 20U, 'z'))).status, 413);
}

TEST(IngestClient, InterimAnswersAreSkipped) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                                     response(200, "{}")};
    });
    auto client = client_of(server);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(got(client.post("x")).status, 200);
}

TEST(IngestClient, EndlessHeadIsNoAnswer) {
    ScriptedServer server([](const Seen&) {
        return ScriptedServer::Reply{.bytes = "HTTP/1.1 200 OK\r\nX: " + std::string(40'000, 'x'),
                                     .close_after = false,
                                     .then_stall = true};
    });
    auto client = client_of(server);
    EXPECT_TRUE(is_silence(client.post("x")));
}

TEST(IngestClient, SendsLargeBodiesWhole) {
    ScriptedServer server([](const Seen& seen) {
        return ScriptedServer::Reply{response(200, std::to_string(seen.body.size()))};
    });
    auto client = client_of(server);
    const std::string body(4U << 20U, 'z');
    EXPECT_EQ(got(client.post(body)).body, std::to_string(body.size()));
    EXPECT_EQ(server.seen().at(0).body, body);
}

}  // namespace
}  // namespace chorus::agent
