// Checks against servers of this machine, good ones and bad ones.
#include "agent/services/service_check.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include "agent/services/service_config.h"
#include "tests/unit/net/certificates.h"
#include "tests/unit/net/target.h"

// Stands before the C library's. "dotted.test." is 127.0.0.1. "two-addresses.test" has 127.0.0.1
// and one of a family that this host does not have, as `localhost` has where IPv6 is switched off.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** list) {
    static const auto real =
        reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name != nullptr && std::string_view(name) == "dotted.test.") name = "127.0.0.1";
    if (name == nullptr || std::string_view(name) != "two-addresses.test") {
        return real(name, service, hints, list);
    }
    const int fault = real("127.0.0.1", service, hints, list);
    if (fault != 0) return fault;
    const int second = real("127.0.0.2", service, hints, &(*list)->ai_next);
    if (second == 0) (*list)->ai_next->ai_family = AF_UNSPEC;  // socket(2): EAFNOSUPPORT
    return second;
}

namespace chorus::agent {
namespace {

using net::test::answering;
using net::test::Certificate;
using net::test::Target;
using std::chrono::milliseconds;
using testing::HasSubstr;

const TlsContext& untold() {
    throw ConnectionError("nobody should ask for certificates");
}

TrustSource trusting(const TlsContext& context) {
    return [&]() -> const TlsContext& { return context; };
}

Service service_at(const std::string& url, const std::string& more = "") {
    auto config = parse_services(R"({"x": {"url": ")" + url + "\"" + more + "}}");
    EXPECT_TRUE(config.faults.empty());
    return config.services.at(0);
}

std::string on(const std::string& scheme, std::uint16_t port, const std::string& path = "") {
    return scheme + "://127.0.0.1:" + std::to_string(port) + path;
}

CheckOutcome check(const Service& service, const TrustSource& trust = untold,
                   milliseconds limit = milliseconds{10'000}) {
    Deadline deadline;
    deadline.set(Deadline::Clock::now() + limit);
    const auto outcome = check_service(service, trust, deadline);
    EXPECT_TRUE(outcome);
    return outcome.value_or(CheckOutcome{});
}

TEST(AgentServiceCheck, AnExpectedStatusIsHealthy) {
    std::string request;
    Target target([&](int fd) {
        request = net::test::read_request(fd);
        net::test::send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const auto outcome = check(service_at(on("http", target.port(), "/health?full=1")));
    EXPECT_EQ(outcome.status, ServiceStatus::healthy);
    EXPECT_EQ(outcome.error, "");
    EXPECT_TRUE(outcome.response_time_ms);
    EXPECT_THAT(request, testing::StartsWith("GET /health?full=1 HTTP/1.1\r\n"));
}

TEST(AgentServiceCheck, AnotherStatusIsUnhealthyAndRedirectsAreNotFollowed) {
    Target target(answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"));
    const auto outcome = check(service_at(on("http", target.port())));
    EXPECT_EQ(outcome.status, ServiceStatus::unhealthy);
    EXPECT_EQ(outcome.error, "HTTP 302");
    EXPECT_TRUE(outcome.response_time_ms);
    EXPECT_EQ(target.connections(), 1);
    EXPECT_EQ(check(service_at(on("http", target.port()), R"(, "expected_status": "3xx")")).status,
              ServiceStatus::healthy);
}

TEST(AgentServiceCheck, ABodyThatStallsChangesNothingAndOneThatIsCutOffIsAFault) {
    const std::string half = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
    Target stalls([&](int fd) {
        net::test::read_request(fd);
        net::test::send_all(fd, half);
        net::test::wait_for_close(fd);
    });
    const auto outcome = check(service_at(on("http", stalls.port())), untold, milliseconds{300});
    EXPECT_EQ(outcome.status, ServiceStatus::healthy);
    ASSERT_TRUE(outcome.response_time_ms);
    EXPECT_LT(*outcome.response_time_ms, 300) << "when the head was there";
    Target cut(answering(half));
    EXPECT_EQ(check(service_at(on("http", cut.port()))).error, "The answer was cut off");
    Target early(answering("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\n\r\n"));
    EXPECT_EQ(check(service_at(on("http", early.port()))).error, "HTTP 503");
}

TEST(AgentServiceCheck, WhatIsNoHttpIsUnhealthy) {
    for (const std::string answer : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n"}) {
        Target target(answering(answer));
        const auto outcome = check(service_at(on("http", target.port())));
        EXPECT_EQ(outcome.status, ServiceStatus::unhealthy);
        EXPECT_EQ(outcome.error, "Not an HTTP answer");
        EXPECT_FALSE(outcome.response_time_ms);
    }
    Target endless(answering("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')));
    EXPECT_EQ(check(service_at(on("http", endless.port()))).error,
              "The answer's headers are above 64 KiB");
}

TEST(AgentServiceCheck, AClosedPortRefuses) {
    const auto port = net::test::unused_port();
    for (const std::string scheme : {"http", "tcp"}) {
        const auto outcome = check(service_at(on(scheme, port)));
        EXPECT_EQ(outcome.status, ServiceStatus::unhealthy);
        EXPECT_EQ(outcome.error, "Connection refused");
        EXPECT_FALSE(outcome.response_time_ms);
    }
}

TEST(AgentServiceCheck, OfSeveralAddressesTheFirstOnesErrorCounts) {
    const auto port = std::to_string(net::test::unused_port());
    const auto outcome = check(service_at("tcp://two-addresses.test:" + port));
    EXPECT_EQ(outcome.status, ServiceStatus::unhealthy);
    EXPECT_EQ(outcome.error, "Connection refused");
}

TEST(AgentServiceCheck, AnOpenPortIsHealthyForTcp) {
    Target target([](int fd) { net::test::wait_for_close(fd); });
    const auto outcome = check(service_at(on("tcp", target.port())));
    EXPECT_EQ(outcome.status, ServiceStatus::healthy);
    EXPECT_TRUE(outcome.response_time_ms);
}

TEST(AgentServiceCheck, AServerThatHangsIsATimeout) {
    Target silent([](int fd) { net::test::wait_for_close(fd); });
    const auto outcome = check(service_at(on("http", silent.port())), untold, milliseconds{300});
    EXPECT_EQ(outcome.status, ServiceStatus::timeout);
    EXPECT_EQ(outcome.error, "Request timeout");
    EXPECT_FALSE(outcome.response_time_ms);
}

TEST(AgentServiceCheck, ACertificateMustBeTrustedAndNameTheHost) {
    const Certificate good("IP:127.0.0.1", -1, 2), other("DNS:other.example", -1, 2);
    const TlsContext::Words words{"the service's", "agent-service-ca-file"};
    Target target(good.answering("HTTP/1.1 200 OK\r\n\r\n"));
    const TlsContext trusted(good.file(), words);
    EXPECT_EQ(check(service_at(on("https", target.port())), trusting(trusted)).status,
              ServiceStatus::healthy);

    const TlsContext strangers(other.file(), words);
    const auto outcome = check(service_at(on("https", target.port())), trusting(strangers));
    EXPECT_EQ(outcome.status, ServiceStatus::unhealthy);
    EXPECT_THAT(outcome.error, HasSubstr("the service's certificate is not trusted"));
    EXPECT_THAT(outcome.error, HasSubstr("agent-service-ca-file"));

    Target wrong(other.answering("HTTP/1.1 200 OK\r\n\r\n"));
    const auto misnamed = check(service_at(on("https", wrong.port())), trusting(strangers));
    EXPECT_EQ(misnamed.status, ServiceStatus::unhealthy);
    EXPECT_THAT(misnamed.error, HasSubstr("IP address mismatch"));
}

TEST(AgentServiceCheck, ANameThatEndsWithADotIsThatOfTheCertificate) {
    const Certificate certificate("DNS:dotted.test", -1, 2);
    Target target(certificate.answering("HTTP/1.1 200 OK\r\n\r\n"));
    const TlsContext trusted(certificate.file(), {"the service's", "agent-service-ca-file"});
    const auto outcome = check(service_at("https://dotted.test.:" + std::to_string(target.port())),
                               trusting(trusted));
    EXPECT_EQ(outcome.status, ServiceStatus::healthy) << outcome.error;
}

TEST(AgentServiceCheck, WithoutTrustNothingIsKnown) {
    Target target([](int fd) { net::test::wait_for_close(fd); });
    Deadline deadline;
    deadline.set(Deadline::Clock::now() + std::chrono::seconds{10});
    EXPECT_FALSE(check_service(service_at(on("https", target.port())), untold, deadline));
    EXPECT_EQ(target.connections(), 0);
}

}  // namespace
}  // namespace chorus::agent
