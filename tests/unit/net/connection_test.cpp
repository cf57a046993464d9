#include "aggregator/net/connection.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "aggregator/net/http_exchange.h"
#include "tests/unit/net/target.h"

namespace chorus::net {
namespace {

using State = Connection::State;
using test::Target;
using Time = Connection::Time;

Address loopback(std::uint16_t port) {
    Address address;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.length = sizeof v4;
    return address;
}

State finish(Connection& connection, State state) {
    while (state == State::connecting) {
        pollfd waiting{connection.descriptor(), connection.events(), 0};
        EXPECT_EQ(poll(&waiting, 1, 5'000), 1);
        state = connection.ready(std::chrono::steady_clock::now());
    }
    return state;
}

TEST(Connection, GoesToTheFirstAddressThatAnswers) {
    const Target target{test::wait_for_close};
    Connection connection;
    const auto state =
        connection.connect({loopback(test::unused_port()), loopback(target.port())}, Time{});
    EXPECT_EQ(finish(connection, state), State::open);
    EXPECT_EQ(connection.own_address(), "127.0.0.1");
}

TEST(Connection, SaysWhyTheLastAddressFailed) {
    Connection connection;
    const auto state = connection.connect({loopback(test::unused_port())}, Time{});
    EXPECT_EQ(finish(connection, state), State::failed);
    EXPECT_EQ(connection.error(), ECONNREFUSED);
    EXPECT_EQ(connection.descriptor(), -1);
}

TEST(Connection, LeavesAnAddressThatDoesNotAnswerForTheNextOne) {
    const Target first{test::wait_for_close}, second{test::wait_for_close};
    Connection connection;
    const Time now{};
    // The answer may be there already. Nobody asks for it, as if there were none.
    ASSERT_EQ(connection.connect({loopback(first.port()), loopback(second.port())}, now),
              State::connecting);
    EXPECT_EQ(connection.wake(), now + std::chrono::seconds{3});
    EXPECT_EQ(connection.tick(now + std::chrono::seconds{2}), State::connecting);
    const auto state = connection.tick(connection.wake());
    EXPECT_EQ(connection.wake(), Time::max()) << "the last one has all the time that is left";
    EXPECT_EQ(finish(connection, state), State::open);
}

TEST(Connection, TakesOnlyAddressesThatAreAllowed) {
    const AddressRules rules;
    Address metadata = loopback(80);
    reinterpret_cast<sockaddr_in&>(metadata.storage).sin_addr.s_addr = inet_addr("169.254.169.254");
    EXPECT_EQ(permitted({metadata, loopback(80)}, rules).size(), 1U);
    EXPECT_TRUE(permitted({metadata}, rules).empty());
}

class Exchange : public testing::Test {
  protected:
    HttpHead get(std::uint16_t port, std::chrono::milliseconds within) {
        const auto target = parse_http_target("http://127.0.0.1:" + std::to_string(port) + "/a?b");
        HttpRequest request;
        request.method = "GET";
        request.headers = {{"X-Name", "a\r\nX-Other: b"}};
        return http_exchange({rules, tls}, target, request,
                             std::chrono::steady_clock::now() + within);
    }
    const AddressRules rules;
    const TlsContext tls{""};
};

TEST_F(Exchange, ReturnsWithTheHeadAndKeepsOutsideTextWithinItsLine) {
    std::string seen;
    const Target target{[&](int fd) {
        seen = test::read_request(fd);
        test::send_all(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 9\r\nRetry-After: 7\r\n\r\n");
        test::wait_for_close(fd);
    }};
    const auto head = get(target.port(), std::chrono::seconds{10});
    EXPECT_EQ(head.status, 503);
    EXPECT_EQ(head.retry_after, "7");
    EXPECT_THAT(seen, testing::StartsWith("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:"));
    EXPECT_THAT(seen, testing::HasSubstr("\r\nX-Name: a  X-Other: b\r\n"));
}

TEST_F(Exchange, OfASilentReceiverEndsInTime) {
    const Target target{test::wait_for_close};
    try {
        get(target.port(), std::chrono::milliseconds{200});
        ADD_FAILURE() << "nothing was answered";
    } catch (const StreamError& e) {
        EXPECT_STREQ(e.what(), "no complete answer in time");
    }
}

TEST_F(Exchange, WithNobodyIsToldAsSuch) {
    try {
        get(test::unused_port(), std::chrono::seconds{10});
        ADD_FAILURE() << "nobody listens";
    } catch (const StreamError& e) {
        EXPECT_STREQ(e.what(), "connection refused");
    }
}

}  // namespace
}  // namespace chorus::net
