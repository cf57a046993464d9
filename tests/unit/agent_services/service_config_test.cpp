#include "agent/services/service_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string fault_of(const std::string& json) {
    const auto config = parse_services(json);
    EXPECT_LE(config.faults.size(), 1U) << json;
    return config.faults.empty() ? "" : config.faults[0];
}

TEST(AgentServiceConfig, NothingIsCheckedUnlessNamed) {
    const auto config = parse_services("{}");
    EXPECT_TRUE(config.faults.empty());
    EXPECT_TRUE(config.services.empty());
    EXPECT_EQ(config.workers, 0U);
}

TEST(AgentServiceConfig, AUrlIsEnough) {
    const auto config = parse_services(R"({"billing": "http://10.0.0.7:8080/health?deep=1#top",
                                          "db": "tcp://[::1]:5432", "shop": "https://shop.lan"})");
    ASSERT_TRUE(config.faults.empty()) << config.faults[0];
    ASSERT_EQ(config.services.size(), 3U);
    const Service& billing = config.services[0];
    EXPECT_EQ(billing.name, "billing");
    EXPECT_EQ(billing.host, "10.0.0.7");
    EXPECT_EQ(billing.port, 8080);
    EXPECT_FALSE(billing.tls);
    EXPECT_EQ(billing.interval, seconds{60});
    EXPECT_EQ(billing.timeout, seconds{5});
    EXPECT_THAT(billing.request,
                testing::StartsWith("GET /health?deep=1 HTTP/1.1\r\nHost: 10.0.0.7:8080\r\n"
                                    "User-Agent: chorus-agent/"));
    // What others may read has no query: it may hold secrets.
    EXPECT_EQ(billing.endpoint, "http://10.0.0.7:8080/health");
    EXPECT_EQ(config.services[1].host, "::1");
    EXPECT_EQ(config.services[1].endpoint, "tcp://[::1]:5432");
    EXPECT_EQ(config.services[1].request, "");
    EXPECT_TRUE(config.services[2].tls);
    EXPECT_EQ(config.services[2].port, 443);
    EXPECT_EQ(config.services[2].endpoint, "https://shop.lan");
}

TEST(AgentServiceConfig, AnObjectTellsMore) {
    const auto config = parse_services(R"({"billing": {"url": "http://10.0.0.7/", "interval": 30,
        "timeout_seconds": 9, "expected_status": [200, "3xx"], "retries": 2}})");
    ASSERT_TRUE(config.faults.empty()) << config.faults[0];
    const Service& billing = config.services[0];
    EXPECT_EQ(billing.interval, seconds{30});
    EXPECT_EQ(billing.timeout, seconds{9});
    EXPECT_EQ(billing.retries, 2);
    EXPECT_TRUE(contains(billing.expected_status, 200));
    EXPECT_TRUE(contains(billing.expected_status, 302));
    EXPECT_FALSE(contains(billing.expected_status, 204));
}

TEST(AgentServiceConfig, CredentialsAreSentAndNeverShown) {
    const auto config = parse_services(R"({"x": "http://ann:s%20cret@h:1/a?key=hidden"})");
    ASSERT_EQ(config.services.size(), 1U);
    EXPECT_THAT(config.services[0].request, HasSubstr("Authorization: Basic YW5uOnMgY3JldA==\r\n"));
    EXPECT_EQ(config.services[0].endpoint, "http://h:1/a");
    EXPECT_EQ(fault_of(R"({"x": {"url": "ftp://ann:secret@h/"}})"),
              "'x': url must begin with http://, https:// or tcp://");
}

TEST(AgentServiceConfig, FaultsNameServiceAndKey) {
    EXPECT_THAT(fault_of("{"), HasSubstr("is no valid JSON"));
    EXPECT_EQ(fault_of("[]"), "must be a JSON object of names and URLs");
    EXPECT_EQ(fault_of(R"({"x": 7})"), "'x': must be a URL or an object with \"url\"");
    EXPECT_EQ(fault_of(R"({"x": {}})"), "'x': url is missing");
    EXPECT_EQ(fault_of(R"({"x": {"url": 7}})"), "'x': url must be text");
    EXPECT_EQ(fault_of(R"({"x": "h:80"})"), "'x': url must be like http://host:port/path");
    EXPECT_EQ(fault_of(R"({"x": "http:///a"})"), "'x': url has no valid host");
    EXPECT_EQ(fault_of(R"({"x": "http://a%2Fb/"})"), "'x': url has no valid host");
    EXPECT_EQ(fault_of(R"({"x": "tcp://h"})"), "'x': a tcp:// URL needs a port");
    EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "body_match": "ok"}})"),
              "'x': unknown key \"body_match\"; known are url, interval, timeout_seconds, "
              "expected_status and retries");
    EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "interval": 0}})"),
              "'x': interval must be a whole number from 1 to 86400");
    EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "timeout_seconds": "5"}})"),
              "'x': timeout_seconds must be a whole number from 1 to 60");
    // Attempts are a second apart: 30 + 1 + 30 s are more than a minute.
    for (const std::string more : {R"("timeout_seconds": 30, "retries": 1)",
                                   R"("timeout_seconds": 1, "interval": 2, "retries": 1)",
                                   R"("interval": 1, "retries": 1)"}) {
        EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", )" + more + "}}"),
                  "'x': timeout_seconds with its retries, 1 s apart, must not be longer than the "
                  "interval");
    }
    EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "timeout_seconds": 29, "retries": 1}})"), "");
    EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "retries": 6}})"),
              "'x': retries must be a whole number from 0 to 5");
    for (const std::string status : {"100", "\"6xx\"", "[]", "[200, null]", "true"}) {
        EXPECT_EQ(fault_of(R"({"x": {"url": "http://h", "expected_status": )" + status + "}}"),
                  "'x': expected_status must be a code from 200 to 599, a text like \"2xx\", or a "
                  "list");
    }
    for (const std::string name : {"", "a/b", "a@b", "a\\u0007"}) {
        EXPECT_THAT(fault_of("{\"" + name + "\": \"http://h\"}"),
                    HasSubstr("the name must have 1 to 100 bytes"));
    }
}

std::string many(int count, const std::string& more) {
    std::string json = "{";
    for (int i = 0; i < count; ++i) {
        json +=
            (i > 0 ? ", \"s" : "\"s") + std::to_string(i) + R"(": {"url": "http://h")" + more + "}";
    }
    return json + "}";
}

TEST(AgentServiceConfig, ThereIsAMostOfServicesAndOfWork) {
    EXPECT_EQ(fault_of(many(50, "")), "");
    EXPECT_EQ(fault_of(many(51, "")), "has more than 50 services");
    EXPECT_EQ(fault_of(many(50, R"(, "timeout_seconds": 9)")), "");
    EXPECT_THAT(fault_of(many(50, R"(, "timeout_seconds": 10)")),
                HasSubstr("together may take longer than their intervals"));
    EXPECT_EQ(parse_services(many(1, "")).workers, 1U);
    EXPECT_EQ(parse_services(many(3, "")).workers, 2U);
    EXPECT_EQ(parse_services(many(50, "")).workers, 6U);
    EXPECT_EQ(parse_services(many(50, R"(, "timeout_seconds": 9)")).workers, 8U);
    // 11 s of every minute each: with its pause a check that hangs is 5 + 1 + 5 s under way.
    EXPECT_EQ(parse_services(many(30, R"(, "retries": 1)")).workers, 7U);
    // One that is checked often has less time.
    const auto often = parse_services(many(1, R"(, "interval": 2, "retries": 1)"));
    EXPECT_EQ(often.services[0].timeout, milliseconds{500});
}

}  // namespace
}  // namespace chorus::agent
