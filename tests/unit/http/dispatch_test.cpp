// Routes, rights, headers and error forms as a client sees them.
#include <gtest/gtest.h>

#include "common/compress.h"
#include "test_server.h"

namespace chorus::http::test {
namespace {

std::string bearer(std::string_view token) {
    return "Authorization: Bearer " + std::string(token) + "\r\n";
}

TEST(Dispatch, UnknownPathIs404) {
    const Answer answer = TestServer{}.ask(get("/nowhere"));
    EXPECT_EQ(answer.status, 404);
    EXPECT_NE(answer.body.find("\"detail\":\"Not Found\""), std::string::npos);
    EXPECT_NE(answer.body.find("\"instance\":\"/nowhere\""), std::string::npos);
    EXPECT_NE(answer.body.find(answer.header("x-request-id")), std::string::npos);
}

TEST(Dispatch, WrongMethodIs405WithAllow) {
    const Answer answer = TestServer{}.ask(post("/view", "{}"));
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
    EXPECT_NE(answer.body.find("\"detail\":\"Method Not Allowed\""), std::string::npos);
}

TEST(Dispatch, OptionsTellsTheMethods) {
    const Answer answer = TestServer{}.ask("OPTIONS /items/4 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("allow"), "GET, HEAD, DELETE, OPTIONS");
}

TEST(Dispatch, TrailingSlashIsRedirectedWithItsQuery) {
    TestServer server;
    const Answer answer = server.ask(get("/items/4/?a=%20/"));
    EXPECT_EQ(answer.status, 307);
    EXPECT_EQ(answer.header("location"), "/items/4?a=%20/");
    EXPECT_EQ(server.ask(get("/nowhere/")).status, 404);
    EXPECT_EQ(server.ask(get("//evil.example/")).status, 404);
}

TEST(Dispatch, HeadHasTheHeadersOfGetAndNoBody) {
    TestServer server;
    RawClient client = server.connect();
    const Answer head = client.exchange("HEAD /items/stats HTTP/1.1\r\nHost: x\r\n\r\n", true);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-length"), "5");
    EXPECT_EQ(client.exchange(get("/items/stats")).body, "stats");
}

TEST(Dispatch, HeadOfAnErrorHasNoBodyEither) {
    TestServer server;
    RawClient client = server.connect();
    EXPECT_EQ(client.exchange("HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", true).status, 404);
    EXPECT_EQ(client.exchange(get("/items/stats")).body, "stats");
}

TEST(Dispatch, StatusWithoutBodyHasNone) {
    TestServer server;
    RawClient client = server.connect();
    const Answer answer =
        client.exchange("DELETE /items/4 HTTP/1.1\r\nHost: x\r\n" + bearer("operator") + "\r\n");
    EXPECT_EQ(answer.status, 204);
    EXPECT_FALSE(answer.has("content-length"));
    EXPECT_EQ(client.exchange(get("/items/stats")).body, "stats");
}

TEST(Dispatch, EveryAnswerCarriesTheCommonHeaders) {
    TestServer server;
    for (const char* path : {"/open", "/nowhere", "/throw", "/invalid", "/items/%zz"}) {
        const Answer answer = server.ask(get(path));
        EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << path;
        EXPECT_EQ(answer.header("cache-control"), "no-store") << path;
        EXPECT_EQ(answer.header("x-request-id").size(), 36U) << path;
        EXPECT_TRUE(answer.header("server-timing").starts_with("total;dur=")) << path;
        EXPECT_TRUE(answer.header("date").ends_with(" GMT")) << path;
        EXPECT_TRUE(answer.has("content-length")) << path;
    }
    EXPECT_EQ(server.ask(get("/large")).header("cache-control"), "max-age=5");
}

TEST(Dispatch, RequestIdIsEchoedWhenItIsHarmless) {
    TestServer server;
    EXPECT_EQ(server.ask(get("/open", "X-Request-ID: a-B.c_9\r\n")).header("x-request-id"),
              "a-B.c_9");
    const std::string longest(64, 'a');
    EXPECT_EQ(server.ask(get("/open", "X-Request-ID: " + longest + "\r\n")).header("x-request-id"),
              longest);
    for (const std::string& bad : {longest + "a", std::string("a b"), std::string("<x>")}) {
        const Answer answer = server.ask(get("/open", "X-Request-ID: " + bad + "\r\n"));
        EXPECT_NE(answer.header("x-request-id"), bad);
        EXPECT_EQ(answer.header("x-request-id").size(), 36U);
    }
}

TEST(Dispatch, WithoutATokenTheAnonymousRoleCounts) {
    TestServer open, shut({}, Role::none);
    EXPECT_EQ(open.ask(get("/view")).body, "\"anonymous\"");
    EXPECT_EQ(shut.ask(get("/open")).status, 200);
    const Answer answer = shut.ask(get("/view"));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
    EXPECT_NE(answer.body.find("\"detail\":\"Not authenticated\""), std::string::npos);
}

TEST(Dispatch, AnonymousRightsCanBeDeniedToDomainNames) {
    MetricsRegistry metrics;
    NamedTokens tokens;
    Router router;
    router.add({Method::get, "/view", Role::viewer, BodyRule::none, 0,
                [](const Request&) { return Response{}; }});
    Dispatcher dispatcher{std::move(router), tokens, {Role::viewer, {}, true}, metrics};
    const auto status = [&](const std::vector<NameValue>& headers) {
        Head head;
        head.request.path = head.request.target = "/view";
        head.request.headers = headers;
        const Route* route = nullptr;
        const auto refused = dispatcher.admit(head, route);
        return refused ? refused->status : 200;
    };
    for (const char* host : {"localhost", "box", "box:8082", "192.0.2.1:1", "[::1]:8082", ""}) {
        EXPECT_EQ(status({{"host", host}}), 200) << host;
    }
    for (const char* host :
         {"evil.example", "localhost.evil.example:8082", "192.0.2.1.evil.example"}) {
        EXPECT_EQ(status({{"host", host}}), 401) << host;
        EXPECT_EQ(status({{"host", host}, {"authorization", "Bearer viewer"}}), 200) << host;
    }
    EXPECT_EQ(status({}), 200);  // HTTP/1.0 may leave it out; browsers do not
}

TEST(Dispatch, WhatIsNoBearerTokenIs401) {
    TestServer server;
    for (const std::string& header :
         {std::string("Authorization: Basic YTpi\r\n"), std::string("Authorization: Bearer\r\n"),
          std::string("Authorization: viewer\r\n"), bearer("nobody"), bearer("none"),
          bearer("viewer") + bearer("admin")}) {
        const Answer answer = server.ask(get("/view", header));
        EXPECT_EQ(answer.status, 401) << header;
        EXPECT_EQ(answer.code(), "unauthenticated") << header;
    }
    EXPECT_EQ(server.ask(get("/view", "authorization: bEARER  admin\r\n")).body, "\"admin\"");
}

TEST(Dispatch, TokenInTheQueryIsNeverRead) {
    TestServer server({}, Role::none);
    EXPECT_EQ(server.ask(get("/view?token=admin&access_token=admin")).status, 401);
}

TEST(Dispatch, LowerRoleIs403AndNamesTheNeededOne) {
    TestServer server;
    const Answer answer =
        server.ask("DELETE /items/4 HTTP/1.1\r\nHost: x\r\n" + bearer("viewer") + "\r\n");
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.code(), "forbidden");
    EXPECT_NE(answer.body.find("operator"), std::string::npos);
    EXPECT_EQ(
        server.ask("DELETE /items/4 HTTP/1.1\r\nHost: x\r\n" + bearer("admin") + "\r\n").status,
        204);
}

TEST(Dispatch, IngestIsForAgentsAlone) {
    TestServer server({}, Role::admin);
    EXPECT_EQ(server.ask(post("/ingest", "{}")).status, 401);
    for (const char* role : {"viewer", "operator", "admin"}) {
        const Answer answer = server.ask(post("/ingest", "{}", bearer(role)));
        EXPECT_EQ(answer.status, 403) << role;
        EXPECT_NE(answer.body.find("agent"), std::string::npos);
    }
    EXPECT_EQ(server.ask(post("/ingest", "{}", bearer("agent"))).status, 200);
    EXPECT_EQ(server.ask(get("/view", bearer("agent"))).status, 403);
}

TEST(Dispatch, OpenRoutesNeverAskTheAuthenticator) {
    EXPECT_EQ(TestServer{}.ask(get("/open", bearer("away"))).status, 200);
}

TEST(Dispatch, AuthenticatorThatIsAwayIs503) {
    const Answer answer = TestServer{}.ask(get("/view", bearer("away")));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "7");
}

TEST(Dispatch, AuthenticatorThatFailsIs500WithoutDetails) {
    const Answer answer = TestServer{}.ask(get("/view", bearer("broken")));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.code(), "internal_error");
    EXPECT_EQ(answer.body.find("hunter2"), std::string::npos);
}

TEST(Dispatch, UnexpectedExceptionIs500WithoutDetailsAndLoggedOnce) {
    testing::internal::CaptureStderr();
    Answer answer;
    {
        TestServer server;
        answer = server.ask(get("/throw", "X-Request-ID: look-here\r\n"));
    }
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.code(), "internal_error");
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    const auto first = log.find("look-here");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(log.find("look-here", first + 1), std::string::npos);
}

TEST(Dispatch, ATokenThatWasGoodLatelyOpensWhatIsAnsweredFromMemoryAlone) {
    TestServer server;
    const std::string lately = "Authorization: Bearer lately\r\n";
    EXPECT_EQ(server.ask(get("/memory", lately)).status, 200);
    EXPECT_EQ(server.ask(get("/view", lately)).status, 401);
}

TEST(Dispatch, HttpErrorKeepsItsStatusCodeAndRetryAfter) {
    TestServer server;
    RawClient client = server.connect();
    const Answer answer = client.exchange(get("/busy"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "storage_unavailable");
    EXPECT_EQ(answer.header("retry-after"), "5");
    EXPECT_EQ(client.exchange(get("/open")).status, 200) << "an error of a handler is no end";
}

TEST(Dispatch, ValidationErrorIsAProblemThatClientsOfFastApiRead) {
    TestServer server;
    const Answer plain = server.ask(get("/invalid", "X-Request-ID: r1\r\n"));
    EXPECT_EQ(plain.header("content-type"), "application/json");
    EXPECT_EQ(plain.body,
              R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"
              R"("detail":[{"type":"missing","loc":["body","a/b"],"msg":"Field required"}],)"
              R"("instance":"/invalid","request_id":"r1","code":"validation_failed"})");
    const Answer problem = server.ask(get("/invalid", "Accept: application/problem+json\r\n"));
    EXPECT_EQ(problem.status, 422);
    EXPECT_EQ(problem.header("content-type"), "application/problem+json");
    EXPECT_EQ(problem.code(), "validation_failed");
    EXPECT_NE(problem.body.find(
                  R"("errors":[{"field":"/a~1b","code":"missing","message":"Field required"}])"),
              std::string::npos);
}

TEST(Dispatch, LargeAnswersAreCompressedWhenAsked) {
    TestServer server;
    const Answer zipped = server.ask(get("/large", "Accept-Encoding: br, GZIP;q=0.5\r\n"));
    EXPECT_EQ(zipped.header("content-encoding"), "gzip");
    EXPECT_EQ(zipped.header("vary"), "Accept-Encoding");
    EXPECT_EQ(gzip_decompress(zipped.body, 1U << 20U), std::string(100'000, 'a'));
    for (const char* header : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"}) {
        const Answer plain = server.ask(get("/large", header));
        EXPECT_FALSE(plain.has("content-encoding")) << header;
        EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
        EXPECT_EQ(plain.body.size(), 100'000U);
    }
    EXPECT_FALSE(server.ask(get("/open", "Accept-Encoding: gzip\r\n")).has("content-encoding"));
}

TEST(Dispatch, ListedOriginMayReadWithCredentials) {
    TestServer server;
    const Answer listed = server.ask(get("/open", "Origin: http://localhost:3000\r\n"));
    EXPECT_EQ(listed.header("access-control-allow-origin"), "http://localhost:3000");
    EXPECT_EQ(listed.header("access-control-allow-credentials"), "true");
    EXPECT_EQ(listed.header("vary"), "Origin");
    const Answer foreign = server.ask(get("/open", "Origin: http://evil.example\r\n"));
    EXPECT_EQ(foreign.status, 200);
    EXPECT_FALSE(foreign.has("access-control-allow-origin"));
}

TEST(Dispatch, PreflightIsAnsweredWithoutAToken) {
    TestServer server({}, Role::none);
    const auto preflight = [](std::string_view path, std::string_view origin) {
        return "OPTIONS " + std::string(path) +
               " HTTP/1.1\r\nHost: x\r\nOrigin: " + std::string(origin) +
               "\r\nAccess-Control-Request-Method: POST\r\n"
               "Access-Control-Request-Headers: content-type\r\n\r\n";
    };
    const Answer answer = server.ask(preflight("/items", "http://localhost:3000"));
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("access-control-allow-origin"), "http://localhost:3000");
    EXPECT_EQ(answer.header("access-control-allow-headers"), "content-type");
    EXPECT_NE(answer.header("access-control-allow-methods").find("POST"), std::string::npos);
    EXPECT_EQ(server.ask(preflight("/items", "http://evil.example")).status, 400);
    EXPECT_EQ(server.ask(preflight("/nowhere", "http://localhost:3000")).status, 404);
}

TEST(Dispatch, DurationsAreCountedByTheRouteTemplate) {
    TestServer server;
    server.ask(get("/items/17"));
    server.ask(get("/items/18"));
    server.ask(get("/nowhere/17"));
    const std::string text = server.metrics.expose();
    const std::string name = "chorus_aggregator_http_request_duration_seconds_count";
    EXPECT_NE(text.find(name + R"({method="GET",route="/items/{id}",code="200"} 2)"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find(name + R"({method="none",route="none",code="404"} 1)"), std::string::npos);
    EXPECT_EQ(text.find("/17"), std::string::npos) << "a label came from outside";
}

TEST(Dispatch, AddressOfTheClientIsKnown) {
    EXPECT_EQ(TestServer{}.ask(get("/ip")).body, "127.0.0.1");
}

}  // namespace
}  // namespace chorus::http::test
