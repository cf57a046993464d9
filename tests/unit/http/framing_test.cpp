// Requests whose framing is wrong, on the wire: each is answered, and then the connection ends.
#include <gtest/gtest.h>

#include "test_server.h"

namespace chorus::http::test {
namespace {

struct Broken {
    const char* name;
    std::string bytes;
    int status;
    const char* code;
};

class BrokenFraming : public testing::TestWithParam<Broken> {};

TEST_P(BrokenFraming, IsAnsweredAndEndsTheConnection) {
    TestServer server;
    RawClient client = server.connect();
    const Answer answer = client.exchange(GetParam().bytes);
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_EQ(answer.code(), GetParam().code);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_EQ(answer.header("x-request-id").size(), 36U);
    client.finish_sending();
    EXPECT_TRUE(client.closed_without_reset());
    EXPECT_EQ(server.handled(), 0);
}

const std::string kHost = "Host: x\r\n";
// What an attacker would like to have taken for a second request.
const std::string kSmuggled = "GET /open HTTP/1.1\r\nHost: x\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Server, BrokenFraming,
    testing::Values(
        Broken{"head_too_large",
               "GET /open HTTP/1.1\r\n" + kHost + "A: " + std::string(8'000, 'a') +
                   "\r\nB: " + std::string(9'000, 'b') + "\r\n\r\n",
               431, "header_too_large"},
        Broken{"line_without_end", std::string(9'000, 'a'), 431, "header_too_large"},
        Broken{"uri_too_long", "GET /" + std::string(8'200, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n",
               414, "uri_too_long"},
        Broken{"uri_without_end", "GET /" + std::string(9'000, 'a'), 414, "uri_too_long"},
        Broken{"length_and_chunked",
               "POST /items HTTP/1.1\r\n" + kHost +
                   "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + kSmuggled,
               400, "ambiguous_length"},
        Broken{"two_lengths",
               "POST /items HTTP/1.1\r\n" + kHost +
                   "Content-Length: 0\r\nContent-Length: 34\r\n\r\n" + kSmuggled,
               400, "invalid_content_length"},
        Broken{"negative_length",
               "POST /items HTTP/1.1\r\n" + kHost + "Content-Length: -5\r\n\r\n" + kSmuggled, 400,
               "invalid_content_length"},
        Broken{"length_of_twenty_digits",
               "POST /items HTTP/1.1\r\n" + kHost + "Content-Length: 18446744073709551617\r\n\r\n",
               400, "invalid_content_length"},
        Broken{"chunked",
               "POST /items HTTP/1.1\r\n" + kHost +
                   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
               411, "length_required"},
        Broken{"bare_line_feeds", "GET /open HTTP/1.1\nHost: x\n\n", 400, "malformed_header"},
        Broken{"one_bare_line_feed", "GET /open HTTP/1.1\r\nHost: x\r\nA: b\n\n", 400,
               "malformed_header"},
        Broken{"folded", "GET /open HTTP/1.1\r\n" + kHost + "A: b\r\n c\r\n\r\n", 400,
               "malformed_header"},
        Broken{"space_before_colon", "GET /open HTTP/1.1\r\nHost : x\r\n\r\n", 400,
               "malformed_header"},
        Broken{"nul_in_value", std::string("GET /open HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 39),
               400, "malformed_header"},
        Broken{"no_host", "GET /open HTTP/1.1\r\n\r\n", 400, "invalid_host"},
        Broken{"two_hosts", "GET /open HTTP/1.1\r\n" + kHost + kHost + "\r\n", 400, "invalid_host"},
        Broken{"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version"},
        Broken{"http_0_9", "GET /open\r\n", 400, "http_version"},
        Broken{"http_1_9", "GET /open HTTP/1.9\r\n" + kHost + "\r\n", 505, "http_version"},
        Broken{"tls_greeting", std::string("\x16\x03\x01\x02\x00\x01", 6), 400,
               "malformed_request"},
        Broken{"unknown_method", "BREW /open HTTP/1.1\r\n" + kHost + "\r\n", 501,
               "method_not_implemented"},
        Broken{"dot_segments", "GET /items/../open HTTP/1.1\r\n" + kHost + "\r\n", 400,
               "invalid_path"}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(Server, TraceAndConnectAreRefusedWithTheMethodsThereAre) {
    TestServer server;
    for (const char* line : {"TRACE /open", "CONNECT x:443"}) {
        const Answer answer = server.ask(std::string(line) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_EQ(answer.status, 405);
        EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    }
}

TEST(Server, BodyCutShortReachesNoHandler) {
    TestServer server;
    RawClient client = server.connect();
    client.send(
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 10\r\n\r\n{\"a\"");
    client.finish_sending();
    const auto answer = client.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(answer->code(), "incomplete_body");
    EXPECT_TRUE(client.closed_without_reset());
    EXPECT_EQ(server.handled(), 0);
}

TEST(Server, RequestSplitAtEveryByteIsUnderstood) {
    TestServer server;
    const std::string bytes = post("/items", "{\"a\":1}", "X-Request-ID: split\r\n");
    for (std::size_t at = 1; at < bytes.size(); ++at) {
        RawClient client = server.connect();
        client.send(bytes.substr(0, at));
        const Answer answer = client.exchange(bytes.substr(at));
        ASSERT_EQ(answer.status, 200) << "split at byte " << at;
        EXPECT_EQ(answer.body, "7");
    }
}

TEST(Server, RequestInSingleBytesIsUnderstood) {
    TestServer server;
    RawClient client = server.connect();
    for (const char c : post("/items", "{\"a\":1}")) client.send(std::string(1, c));
    EXPECT_EQ(client.read().value_or(Answer{}).body, "7");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
    TestServer server;
    RawClient client = server.connect();
    client.send(get("/items/1") + post("/items", "[1,2]") + "\r\n" + get("/items/3") +
                get("/view") + get("/items/5", "Connection: close\r\n"));
    EXPECT_EQ(client.read().value_or(Answer{}).body, "1");
    EXPECT_EQ(client.read().value_or(Answer{}).body, "5");
    EXPECT_EQ(client.read().value_or(Answer{}).body, "3");
    EXPECT_EQ(client.read().value_or(Answer{}).body, "\"anonymous\"");
    const Answer last = client.read().value_or(Answer{});
    EXPECT_EQ(last.body, "5");
    EXPECT_EQ(last.header("connection"), "close");
    client.finish_sending();
    EXPECT_TRUE(client.closed_without_reset());
}

TEST(Server, BodyOfARouteThatTakesNoneIsNotTheNextRequest) {
    TestServer server;
    RawClient client = server.connect();
    client.send("GET /view HTTP/1.1\r\nHost: x\r\nContent-Length: 31\r\n\r\n" + kSmuggled +
                get("/items/2"));
    EXPECT_EQ(client.read().value_or(Answer{}).body, "\"anonymous\"");
    EXPECT_EQ(client.read().value_or(Answer{}).body, "2");
    EXPECT_EQ(server.handled(), 2);
}

TEST(Server, LargeUnwantedBodyEndsTheConnection) {
    TestServer server;
    RawClient client = server.connect();
    client.send("GET /view HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n");
    const Answer answer = client.read().value_or(Answer{});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
}

TEST(Server, Http10IsAnsweredInItsVersionAndClosed) {
    TestServer server;
    RawClient client = server.connect();
    const Answer answer = client.exchange("GET /open HTTP/1.0\r\n\r\n");
    EXPECT_EQ(answer.status_line, "HTTP/1.0 200 OK");
    EXPECT_EQ(answer.header("connection"), "close");
    client.finish_sending();
    EXPECT_TRUE(client.closed_without_reset());
}

}  // namespace
}  // namespace chorus::http::test
