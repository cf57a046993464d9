#include "common/url.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

TEST(Url, SplitsAndDecodes) {
    const auto url = parse_url("postgresql://us%20er:p%40ss@[::1]:5433/db%20x?host=%2Ftmp&a=b");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "postgresql");
    EXPECT_EQ(url->user, "us er");
    EXPECT_EQ(url->password, "p@ss");
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, 5433);
    EXPECT_EQ(url->path, "/db%20x");
    EXPECT_EQ(url->parameter("host"), "/tmp");
}

TEST(Url, SocketUrlHasAPathAndNoHost) {
    const auto url = parse_url("unix:///run/redis.sock?db=2");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->host.empty());
    EXPECT_EQ(url->path, "/run/redis.sock");
    EXPECT_EQ(url->parameter("db"), "2");
}

TEST(Url, RefusesWhatIsNone) {
    for (const char* text : {"", "x", "://h", "http://h:0", "http://h:70000", "http://h:1x",
                             "http://h/\n", "http://%zz/", "http://[::1"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(Url, PasswordIsNotShown) {
    EXPECT_EQ(redact_url("postgresql://u:secret@h/db"), "postgresql://u:***@h/db");
    EXPECT_EQ(redact_url("postgresql://u:se@cret@h/db"), "postgresql://u:***@h/db");
    EXPECT_EQ(redact_url("redis://:secret@h"), "redis://:***@h");
    EXPECT_EQ(redact_url("postgresql:///db?password=secret&host=x"),
              "postgresql:///db?password=***&host=x");
    EXPECT_EQ(redact_url("http://h:80/a@b:c"), "http://h:80/a@b:c");
}

TEST(Url, LoopbackIsToldByItsText) {
    for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"}) {
        EXPECT_TRUE(is_loopback_host(host)) << host;
    }
    for (const char* host : {"127.evil.example", "127.0.0.1.example", "10.0.0.1", "", "0.0.0.0"}) {
        EXPECT_FALSE(is_loopback_host(host)) << host;
    }
}

}  // namespace
}  // namespace chorus
