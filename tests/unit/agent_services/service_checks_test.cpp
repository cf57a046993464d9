// Checks in their threads: at their intervals, and none at the expense of others.
#include "agent/services/service_checks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>

#include "tests/unit/net/target.h"

namespace chorus::agent {
namespace {

using net::test::answering;
using net::test::Target;
using std::chrono::seconds;

std::string at(std::uint16_t port) {
    return R"({"url": "http://127.0.0.1:)" + std::to_string(port) + R"(/", "interval": 1})";
}

class AgentServiceChecks : public testing::Test {
  protected:
    void start(const std::string& json) {
        config_ = parse_services(json);
        ASSERT_TRUE(config_.faults.empty()) << config_.faults[0];
        checks_ = std::make_unique<ServiceChecks>(config_, "");
    }
    // Takes results until this holds.
    void take_until(const std::function<bool()>& condition) {
        const auto end = std::chrono::steady_clock::now() + seconds{30};
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), end);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
            for (auto& check : checks_->take()) found_[check.name].push_back(std::move(check));
        }
    }

    ServiceConfig config_;
    std::unique_ptr<ServiceChecks> checks_;
    std::map<std::string, std::vector<AgentServiceCheck>> found_;
};

TEST_F(AgentServiceChecks, WithoutServicesThereIsNothing) {
    start("{}");
    EXPECT_TRUE(checks_->take().empty());
}

TEST_F(AgentServiceChecks, EachResultIsTakenOnceWithItsAge) {
    Target good(answering("HTTP/1.1 200 OK\r\n\r\n"));
    start(R"({"good": )" + at(good.port()) + "}");
    take_until([&] { return found_["good"].size() >= 3; });
    const auto& check = found_["good"][0];
    EXPECT_EQ(check.status, ServiceStatus::healthy);
    EXPECT_EQ(check.endpoint, "http://127.0.0.1:" + std::to_string(good.port()) + "/");
    EXPECT_EQ(check.interval_seconds, 1);
    EXPECT_TRUE(check.response_time_ms);
    EXPECT_LE(found_["good"].size(), static_cast<std::size_t>(good.connections()));
    EXPECT_LT(check.age, seconds{30});
}

TEST_F(AgentServiceChecks, ServersThatHangHoldUpNoOther) {
    Target hang([](int fd) { net::test::wait_for_close(fd); });
    Target good(answering("HTTP/1.1 200 OK\r\n\r\n"));
    std::string json = R"({"good": )" + at(good.port());
    for (int i = 0; i < 3; ++i) json += ", \"hang" + std::to_string(i) + "\": " + at(hang.port());
    start(json + "}");
    take_until([&] { return found_["good"].size() >= 4 && found_["hang2"].size() >= 2; });
    EXPECT_EQ(found_["hang0"][0].status, ServiceStatus::timeout);
    EXPECT_EQ(found_["hang0"][0].error, "Request timeout");
    EXPECT_EQ(found_["good"][0].status, ServiceStatus::healthy);
}

TEST_F(AgentServiceChecks, AFailedAttemptIsMadeAgain) {
    std::atomic<int> requests{0};
    Target flaky([&](int fd) {
        net::test::read_request(fd);
        net::test::send_all(
            fd, ++requests % 2 == 1 ? "HTTP/1.1 503 Busy\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
    });
    start(R"({"flaky": {"url": "http://127.0.0.1:)" + std::to_string(flaky.port()) +
          R"(/", "interval": 4, "retries": 1}})");
    take_until([&] { return !found_["flaky"].empty(); });
    EXPECT_EQ(found_["flaky"][0].status, ServiceStatus::healthy);
    EXPECT_GE(requests, 2);
}

TEST_F(AgentServiceChecks, WhatIsNotReadyAtTheStartIsNotDown) {
    std::atomic<int> requests{0};
    const auto start_up = [&](int failures) {
        return [&requests, failures](int fd) {
            net::test::read_request(fd);
            net::test::send_all(fd, ++requests <= failures ? "HTTP/1.1 503 Busy\r\n\r\n"
                                                           : "HTTP/1.1 200 OK\r\n\r\n");
        };
    };
    Target slow(start_up(1));
    start(R"({"slow": )" + at(slow.port()) + "}");
    take_until([&] { return !found_["slow"].empty(); });
    EXPECT_EQ(found_["slow"][0].status, ServiceStatus::healthy);
    EXPECT_GE(requests, 2);
    checks_.reset();

    requests = 0;
    Target down(start_up(2));
    start(R"({"down": )" + at(down.port()) + "}");
    take_until([&] { return found_["down"].size() >= 2; });
    EXPECT_EQ(found_["down"][0].status, ServiceStatus::unhealthy);
    EXPECT_EQ(found_["down"][1].status, ServiceStatus::healthy);
    EXPECT_GE(requests, 3);
    checks_.reset();

    // One that was healthy is down at its first failure.
    requests = 0;
    Target falls([&](int fd) {
        net::test::read_request(fd);
        net::test::send_all(
            fd, ++requests == 2 ? "HTTP/1.1 503 Busy\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
    });
    start(R"({"falls": )" + at(falls.port()) + "}");
    take_until([&] { return found_["falls"].size() >= 2; });
    EXPECT_EQ(found_["falls"][0].status, ServiceStatus::healthy);
    EXPECT_EQ(found_["falls"][1].status, ServiceStatus::unhealthy);
}

TEST_F(AgentServiceChecks, TheEndDoesNotWaitForAHangingServer) {
    Target hang([](int fd) { net::test::wait_for_close(fd); });
    start(R"({"hang": {"url": "http://127.0.0.1:)" + std::to_string(hang.port()) +
          R"(/", "interval": 60, "timeout_seconds": 60}})");
    take_until([&] { return hang.connections() == 1; });
    const auto begin = std::chrono::steady_clock::now();
    checks_.reset();
    // The timeout is a minute.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{30});
}

}  // namespace
}  // namespace chorus::agent
