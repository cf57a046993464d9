#include "aggregator/health/service_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chorus::health {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ServiceConfig parse(std::string_view json, std::string_view allowed = "") {
    static net::AddressRules rules;
    rules = net::AddressRules{allowed};
    return parse_services(json, seconds{60}, rules);
}

// A text as JSON string needs no escapes in these tests.
std::string fault_of(const std::string& url) {
    const auto config = parse(R"({"web": ")" + url + R"("})");
    return config.faults.empty() ? "" : config.faults.front();
}

TEST(ServiceConfig, TheOriginalsFormOfNamesAndUrlsIsReadInOrder) {
    const auto config = parse(R"({"zeta": "http://localhost:8081/health",
                                  "alpha": "https://example.org", "db": "tcp://10.0.0.1:5432"})");
    EXPECT_THAT(config.faults, IsEmpty());
    ASSERT_EQ(config.services.size(), 3U);
    const Service& zeta = config.services[0];
    EXPECT_EQ(zeta.name, "zeta");
    EXPECT_EQ(zeta.endpoint, "http://localhost:8081/health");
    EXPECT_EQ(zeta.host, "localhost");
    EXPECT_EQ(zeta.port, 8081);
    EXPECT_EQ(zeta.interval, seconds{60});
    EXPECT_EQ(zeta.timeout, seconds{10});
    EXPECT_TRUE(contains(zeta.expected_status, 200));
    EXPECT_FALSE(contains(zeta.expected_status, 204));
    EXPECT_THAT(zeta.request,
                testing::StartsWith("GET /health HTTP/1.1\r\nHost: localhost:8081\r\n"));
    EXPECT_EQ(config.services[1].port, 443);
    EXPECT_THAT(config.services[1].request, HasSubstr("GET / HTTP/1.1\r\nHost: example.org\r\n"));
    EXPECT_EQ(config.services[2].protocol, Protocol::tcp);
    EXPECT_EQ(config.services[2].request, "");
}

TEST(ServiceConfig, AnObjectSetsEverything) {
    const auto config = parse(R"({"api": {"url": "http://[::1]:80/x?a=b#c", "interval": 30,
        "timeout_seconds": 5, "expected_status": [200, "3xx"], "body_match": "ok", "retries": 2,
        "type": "http"}})");
    EXPECT_THAT(config.faults, IsEmpty());
    const Service& api = config.services.at(0);
    EXPECT_EQ(api.host, "::1");
    EXPECT_THAT(api.request, testing::StartsWith("GET /x?a=b HTTP/1.1\r\nHost: [::1]:80\r\n"));
    EXPECT_EQ(api.interval, seconds{30});
    EXPECT_EQ(api.timeout, seconds{5});
    EXPECT_TRUE(contains(api.expected_status, 200) && contains(api.expected_status, 301) &&
                contains(api.expected_status, 399));
    EXPECT_FALSE(contains(api.expected_status, 204));
    EXPECT_EQ(api.body_match, "ok");
    EXPECT_EQ(api.retries, 2);
}

TEST(ServiceConfig, CredentialsBecomeAHeaderAndAreNotShown) {
    const auto config = parse(R"({"a": "http://user:p%40ss@web:81/?password=secret&x=1",
                                  "b": "http://token@web/"})");
    EXPECT_THAT(config.faults, IsEmpty());
    EXPECT_EQ(config.services[0].endpoint, "http://***@web:81/?password=***&x=1");
    EXPECT_THAT(config.services[0].request, HasSubstr("Authorization: Basic dXNlcjpwQHNz\r\n"));
    EXPECT_THAT(config.services[0].request, HasSubstr("GET /?password=secret&x=1 HTTP/1.1\r\n"));
    EXPECT_EQ(config.services[1].endpoint, "http://***@web/");
    EXPECT_EQ(config.services[1].host, "web");
}

TEST(ServiceConfig, SchemesThatAreNoServiceAreRefused) {
    for (const char* url : {"file:///etc/passwd", "gopher://web:70/", "ftp://web/", "web:80", "",
                            "javascript://x", "http://"}) {
        EXPECT_NE(fault_of(url), "") << url;
    }
    EXPECT_THAT(fault_of("tcp://web"), HasSubstr("port"));
}

TEST(ServiceConfig, AddressesInDisguiseAreRefused) {
    for (const char* url :
         {"http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://127.1/",
          "http://017700000001/", "http://0177.0.0.1/", "http://127.0.0.0x1/", "http://1.2.3.4.5/",
          "http://169.254.169.254\\\\@web/", "http://127.0.0.1%00.web/", "http://web%2f@x y/",
          "http://[::1%25lo]/", "http://[::1/", "http://[web]/", "http://we%0d%0ab/",
          "http://web:0/", "http://web:65536/", "http://web:80x/"}) {
        EXPECT_NE(fault_of(url), "") << url;
    }
}

TEST(ServiceConfig, BlockedAddressesAreRefusedWhateverStandsAroundThem) {
    for (const char* url :
         {"http://169.254.169.254/latest", "http://web@169.254.169.254/", "tcp://0.0.0.0:80",
          "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[fe80::1]/",
          "http://255.255.255.255/", "http://[fd00:ec2::254]/", "http://[::]/"}) {
        EXPECT_THAT(fault_of(url), HasSubstr("health-allow-addresses")) << url;
    }
    EXPECT_EQ(fault_of("http://[::ffff:127.0.0.1]/"), "");  // loopback is the original's default
    EXPECT_EQ(fault_of("http://web#@169.254.169.254/"), "");
    EXPECT_THAT(parse(R"({"meta": "http://169.254.169.254/"})", "169.254.169.254").faults,
                IsEmpty());
}

TEST(ServiceConfig, EveryFaultNamesItsServiceAndKeyButNoCredential) {
    const auto config = parse(R"({
        "a": {"url": "ftp://user:topsecret@web/"}, "b": {"interval": 5}, "c": 7,
        "d": {"url": "http://web/", "interval": 0, "timeout_seconds": 61, "retries": -1,
              "expected_status": 42, "body_match": 1, "tiemout": 3},
        "e": {"url": "tcp://web:1", "type": "http", "body_match": "x"},
        "f": {"url": "http://web/", "type": "tcp"},
        "g": {"url": "http://web/", "interval": 10, "timeout_seconds": 5, "retries": 2},
        "h/i": "http://web/", "": "http://web/", "j": {"url": "http://web/", "expected_status": []}})");
    std::string all;
    for (const auto& fault : config.faults) all += fault + '\n';
    for (const char* part :
         {"'a': url must begin with", "'b': url is missing", "'c': must be a URL", "'d': interval",
          "'d': timeout_seconds", "'d': retries", "'d': expected_status", "'d': body_match",
          "'d': unknown key \"tiemout\"", "'e': type http", "'e': body_match", "'f': type tcp",
          "'g': timeout_seconds", "'h/i': the name", "'': the name", "'j': expected_status"}) {
        EXPECT_THAT(all, HasSubstr(part));
    }
    EXPECT_THAT(all, Not(HasSubstr("topsecret")));
}

TEST(ServiceConfig, WhatIsNoObjectIsRefused) {
    for (const char* json : {"[]", "7", "\"http://web/\"", "{", "{\"a\": \"http://b/\",}", "",
                             R"({"a": "http://b/", "a": "http://c/"})"}) {
        EXPECT_EQ(parse(json).faults.size(), 1U) << json;
    }
    EXPECT_THAT(parse("{}").faults, IsEmpty());
}

TEST(ServiceConfig, TheDefaultsAreTheSixServicesOfThePlatform) {
    const auto config = parse(kDefaultServices);
    EXPECT_THAT(config.faults, IsEmpty());
    std::vector<std::string> names;
    for (const auto& service : config.services) names.push_back(service.name);
    EXPECT_THAT(names, ElementsAre("websocket-gateway", "chat-service", "presence-service",
                                   "summary-engine", "notification-worker", "admin-ui"));
}

}  // namespace
}  // namespace chorus::health
