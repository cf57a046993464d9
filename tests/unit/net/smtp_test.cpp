#include "aggregator/net/smtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::net {
namespace {

TEST(MailGreeting, IsAFullNameOrAnAddress) {
    SmtpServer server;
    server.from = "chorus@example.org";
    EXPECT_EQ(hello_name(server, "db01", "192.0.2.7"), "example.org");
    server.from = "chorus@localhost";
    EXPECT_EQ(hello_name(server, "db01.example.net", "192.0.2.7"), "db01.example.net");
    EXPECT_EQ(hello_name(server, "db01", "192.0.2.7"), "[192.0.2.7]");
    EXPECT_EQ(hello_name(server, "a b.c\r\nX", "2001:db8::1"), "[IPv6:2001:db8::1]");
    server.hello = "mon";
    EXPECT_EQ(hello_name(server, "db01", "192.0.2.7"), "mon");
}

}  // namespace
}  // namespace chorus::net
