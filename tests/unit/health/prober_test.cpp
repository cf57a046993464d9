#include "aggregator/health/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <string>

#include "aggregator/health/service_config.h"
#include "tests/unit/net/certificates.h"
#include "tests/unit/net/target.h"

namespace chorus::health {
namespace {

namespace test = net::test;
using net::AddressRules;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Certificate;
using test::NameServer;
using test::Target;

const std::string kHealthy = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ProberTest : public testing::Test {
  protected:
    Service service(const std::string& url, const std::string& more = "") {
        auto config =
            parse_services(R"({"web": {"url": ")" + url + "\"" + more + "}}", seconds{60}, rules);
        EXPECT_THAT(config.faults, testing::IsEmpty());
        return config.services.at(0);
    }
    // For checks that are meant to run into it.
    static Service hasty(Service service) {
        service.timeout = milliseconds{300};
        return service;
    }
    Service http(std::uint16_t port, const std::string& more = "") {
        return service("http://127.0.0.1:" + std::to_string(port) + "/", more);
    }
    std::map<std::size_t, CheckResult> check(const std::vector<Service>& services) {
        Prober prober{rules, clock, options};
        for (std::size_t i = 0; i < services.size(); ++i) {
            EXPECT_TRUE(prober.start(i, services[i]));
        }
        std::map<std::size_t, CheckResult> results;
        for (auto& one : prober.run(Probe::Time::max())) results[one.id] = one.result;
        EXPECT_EQ(results.size(), services.size());
        return results;
    }
    CheckResult check(const Service& service) { return check(std::vector{service})[0]; }
    CheckResult check_target(std::function<void(int)> serve, const std::string& more = "") {
        const Target target{std::move(serve)};
        return check(http(target.port(), more));
    }
    CheckResult check_hastily(std::function<void(int)> serve) {
        const Target target{std::move(serve)};
        return check(hasty(http(target.port())));
    }
    void expect_down(const CheckResult& result, const std::string& error) {
        EXPECT_EQ(result.health, Health::unhealthy);
        EXPECT_EQ(result.error, error);
    }
    void expect_timeout(const CheckResult& result) {
        EXPECT_EQ(result.health, Health::timeout);
        EXPECT_EQ(result.error, "Request timeout");
        EXPECT_EQ(result.response_time, std::nullopt);
    }

    AddressRules rules;
    SystemClock clock;
    ProberOptions options;
};

TEST_F(ProberTest, Exactly200IsHealthy) {
    const auto up = check_target(test::answering(kHealthy));
    EXPECT_EQ(up.health, Health::healthy);
    EXPECT_EQ(up.error, "");
    EXPECT_TRUE(up.response_time.has_value());
    for (const int status : {201, 204, 302, 404, 500, 503}) {
        const auto down = check_target(test::answering("HTTP/1.1 " + std::to_string(status) +
                                                       " X\r\nContent-Length: 0\r\n\r\n"));
        expect_down(down, "HTTP " + std::to_string(status));
        EXPECT_TRUE(down.response_time.has_value());
    }
}

TEST_F(ProberTest, OtherStatusesAreHealthyWhenExpected) {
    const auto answer = test::answering("HTTP/1.1 204 X\r\n\r\n");
    EXPECT_EQ(check_target(answer, R"(, "expected_status": "2xx")").health, Health::healthy);
    expect_down(check_target(answer, R"(, "expected_status": [200, "3xx"])"), "HTTP 204");
}

TEST_F(ProberTest, ARedirectIsNotFollowed) {
    const Target other{test::answering(kHealthy)};
    const auto result = check_target(test::answering(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + std::to_string(other.port()) +
        "/\r\nContent-Length: 0\r\n\r\n"));
    expect_down(result, "HTTP 302");
    EXPECT_EQ(other.connections(), 0);
}

TEST_F(ProberTest, TheBodyIsComparedWhenAsked) {
    const std::string match = R"(, "body_match": "all good")";
    EXPECT_EQ(check_target(test::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           "5\r\nall g\r\n3\r\nood\r\n0\r\n\r\n"),
                           match)
                  .health,
              Health::healthy);
    expect_down(check_target(test::answering(kHealthy), match),
                "The answer does not contain the expected text");
}

TEST_F(ProberTest, WhoeverStallsOrDripsMeetsTheTotalDeadline) {
    expect_timeout(check_hastily(test::wait_for_close));
    const auto drip = [](int fd) {
        test::read_request(fd);
        for (const char c : std::string(1'000, 'x')) {
            if (send(fd, &c, 1, MSG_NOSIGNAL) != 1) return;
            std::this_thread::sleep_for(milliseconds{5});
        }
    };
    expect_timeout(check_hastily([&](int fd) {
        test::send_all(fd, "HTTP/1.1 200 OK\r\nX: ");
        drip(fd);
    }));
}

TEST_F(ProberTest, TheStatusDecidesWhenTheHeadIsThere) {
    const auto stall = [](int fd) {
        test::read_request(fd);
        test::send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
        test::wait_for_close(fd);
    };
    const auto up = check_hastily(stall);
    EXPECT_EQ(up.health, Health::healthy) << up.error;
    ASSERT_TRUE(up.response_time);
    EXPECT_LT(*up.response_time, milliseconds{300}) << "when the head was there";
    const Target target{stall};
    expect_timeout(check(hasty(http(target.port(), R"(, "body_match": "never there")"))));
    EXPECT_EQ(check(hasty(http(target.port(), R"(, "body_match": "bc")"))).health, Health::healthy);
}

TEST_F(ProberTest, AnAnswerWithoutLengthMayEndInAnyWay) {
    const auto reset = [](int fd) {
        test::read_request(fd);
        test::send_all(fd, "HTTP/1.0 200 OK\n\nall good");
        const linger now{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    };
    EXPECT_EQ(check_target(reset).health, Health::healthy);
}

TEST_F(ProberTest, AServerThatNeverAcceptsMeetsTheDeadline) {
    const Target silent;
    expect_timeout(check(hasty(http(silent.port()))));
}

TEST_F(ProberTest, AnEndlessBodyIsCutAndCounts) {
    const auto endless = [](int fd) {
        test::read_request(fd);
        test::send_all(fd, "HTTP/1.1 200 OK\r\n\r\n");
        const std::string piece(65'536, 'x');
        while (send(fd, piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
        }
    };
    EXPECT_EQ(check_target(endless).health, Health::healthy);
}

TEST_F(ProberTest, AnAnswerThatIsCutOffIsAFailureEvenWithStatus200) {
    expect_down(check_target(test::answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")),
                "The answer was cut off");
    expect_down(check_target([](int fd) { test::read_request(fd); }),
                "Connection closed without an answer");
}

TEST_F(ProberTest, AResetIsToldAsSuch) {
    const auto reset = [](int fd) {
        test::read_request(fd);
        const linger now{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    };
    expect_down(check_target(reset), "Connection reset");
    expect_down(check(http(test::unused_port())), "Connection refused");
    expect_down(check_target(test::answering("SSH-2.0-x\r\n")), "Not an HTTP answer");
}

TEST_F(ProberTest, ATcpServiceIsUpWhenItAccepts) {
    const Target target{test::wait_for_close};
    EXPECT_EQ(check(service("tcp://127.0.0.1:" + std::to_string(target.port()))).health,
              Health::healthy);
    expect_down(check(service("tcp://127.0.0.1:" + std::to_string(test::unused_port()))),
                "Connection refused");
}

TEST_F(ProberTest, RetriesAreMadeBeforeAServiceIsDown) {
    std::atomic<int> turn{0};
    const auto serve = [&](int fd) {
        test::read_request(fd);
        test::send_all(fd, turn++ == 0 ? "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n" : kHealthy);
    };
    EXPECT_EQ(check_target(serve, R"(, "retries": 1)").health, Health::healthy);
    EXPECT_EQ(turn, 2);
}

class TlsTest : public ProberTest {
  protected:
    CheckResult check_tls(const Certificate& certificate, const std::string& host,
                          bool trusted = true) {
        options.ca_file = trusted ? certificate.file() : "";
        const Target target{certificate.answering(kHealthy)};
        const auto one = service("https://" + host + ":" + std::to_string(target.port()) + "/");
        return check(one);
    }
};

TEST_F(TlsTest, AGoodCertificateIsHealthyAndItsEndIsTold) {
    const Certificate certificate{"DNS:localhost,IP:127.0.0.1", -1, 30};
    for (const char* host : {"localhost", "127.0.0.1"}) {
        const auto result = check_tls(certificate, host);
        EXPECT_EQ(result.health, Health::healthy) << result.error;
        ASSERT_TRUE(result.certificate_expires);
        const auto left = *result.certificate_expires - clock.now();
        EXPECT_EQ(std::chrono::round<std::chrono::days>(left).count(), 30);
    }
}

TEST_F(TlsTest, ANameThatEndsWithADotIsThatOfTheCertificate) {
    const NameServer names{{{"web.test", {"127.0.0.1"}}}};
    options.name_servers = names.address();
    const auto result = check_tls(Certificate{"DNS:web.test", -1, 30}, "web.test.");
    EXPECT_EQ(result.health, Health::healthy) << result.error;
}

TEST_F(TlsTest, WrongNamesExpiredAndUnknownCertificatesAreRefused) {
    const auto expired = check_tls(Certificate{"DNS:localhost", -30, -2}, "localhost");
    expect_down(expired, "TLS certificate: certificate has expired");
    ASSERT_TRUE(expired.certificate_expires);
    EXPECT_LT(*expired.certificate_expires, clock.now());
    expect_down(check_tls(Certificate{"DNS:elsewhere.test", -1, 30}, "localhost"),
                "TLS certificate: hostname mismatch");
    expect_down(check_tls(Certificate{"DNS:localhost", -1, 30}, "127.0.0.1"),
                "TLS certificate: IP address mismatch");
    expect_down(check_tls(Certificate{"DNS:localhost", -1, 30}, "localhost", false),
                "TLS certificate: self-signed certificate");
}

TEST_F(TlsTest, AServerWithoutTlsIsToldAsSuch) {
    const Target target{[](int fd) {
        char hello = 0;  // the first byte of TLS's greeting is answered in plain HTTP
        if (recv(fd, &hello, 1, 0) == 1) test::send_all(fd, kHealthy);
    }};
    const auto result = check(service("https://127.0.0.1:" + std::to_string(target.port()) + "/"));
    EXPECT_EQ(result.health, Health::unhealthy);
    EXPECT_THAT(result.error, testing::StartsWith("TLS: "));
}

TEST_F(ProberTest, ANameIsResolvedOnceAndItsAddressJudged) {
    // The second answer would lead to the metadata service: DNS rebinding.
    const NameServer names{{{"rebind.test", {"127.0.0.1", "169.254.169.254"}},
                            {"metadata.test", {"169.254.169.254"}},
                            {"any.test", {"0.0.0.0"}}}};
    options.name_servers = names.address();
    const Target target{test::answering(kHealthy)};
    const std::string port = std::to_string(target.port());
    const auto rebinding = service("http://rebind.test:" + port + "/");
    EXPECT_EQ(check(rebinding).health, Health::healthy);
    EXPECT_EQ(names.queries("rebind.test"), 1);
    expect_down(check(rebinding), "Address blocked");
    expect_down(check(service("http://metadata.test:" + port + "/")), "Address blocked");
    expect_down(check(service("http://any.test:" + port + "/")), "Address blocked");
    EXPECT_EQ(target.connections(), 1);
}

TEST_F(ProberTest, ANameServerThatIsSilentHoldsUpNobodyElse) {
    const NameServer names{{{"web.test", {"127.0.0.1"}}}};
    options.name_servers = names.address();
    const Target target{test::answering(kHealthy)};
    std::vector<Service> services(
        50, hasty(service("http://silent.test:" + std::to_string(target.port()) + "/")));
    services.push_back(service("http://web.test:" + std::to_string(target.port()) + "/"));
    services.push_back(http(target.port()));
    auto results = check(services);
    for (std::size_t i = 0; i < 50; ++i) expect_timeout(results[i]);
    EXPECT_EQ(results[50].health, Health::healthy) << results[50].error;
    EXPECT_EQ(results[51].health, Health::healthy);
}

TEST_F(ProberTest, WhereNoNameCanBeLookedUpNamesAreUnknownAndAddressesAreChecked) {
    options.name_servers = "no address";
    const Target target{test::answering(kHealthy)};
    const auto named = service("http://web.test/");
    const auto other = service("http://other.test/");
    const auto addressed = http(target.port());
    Prober prober{rules, clock, options};
    prober.start(0, named);
    prober.start(1, other);
    prober.start(2, addressed);
    const auto results = prober.run(Probe::Time::max());
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].id, 2U);
    EXPECT_EQ(results[0].result.health, Health::healthy);
}

TEST_F(ProberTest, HangingChecksLeaveRoomForOthersWithinTheBound) {
    options.most_at_once = 20;
    const Target silent;
    const Target target{test::answering(kHealthy)};
    std::vector<Service> services(15, hasty(http(silent.port())));
    services.resize(100, http(target.port()));
    auto results = check(services);
    for (std::size_t i = 0; i < services.size(); ++i) {
        EXPECT_EQ(results[i].health, i < 15 ? Health::timeout : Health::healthy);
    }
}

TEST_F(ProberTest, ACheckThatIsNotDoneIsContinuedAndNotBegunTwice) {
    const Target silent;
    const auto hanging = hasty(http(silent.port()));
    Prober prober{rules, clock, options};
    EXPECT_TRUE(prober.start(7, hanging));
    EXPECT_THAT(prober.run(std::chrono::steady_clock::now()), testing::IsEmpty());
    EXPECT_FALSE(prober.start(7, hanging));
    const auto finished = prober.run(Probe::Time::max());
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished[0].id, 7U);
    expect_timeout(finished[0].result);
    EXPECT_TRUE(prober.start(7, hanging));
}

TEST_F(ProberTest, StopEndsAWaitForHangingChecks) {
    const Target silent;
    auto hanging = http(silent.port());
    hanging.timeout = seconds{60};
    Prober prober{rules, clock, options};
    prober.start(0, hanging);
    std::thread stopper{[&] { prober.stop(); }};
    EXPECT_THAT(prober.run(Probe::Time::max()), testing::IsEmpty());
    stopper.join();
}

}  // namespace
}  // namespace chorus::health
