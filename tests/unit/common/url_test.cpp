#include "common/http/url.h"

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
    EXPECT_EQ(redact_url("postgresql://h/db?sslpassword=one&password=two&x=y#z"),
              "postgresql://h/db?sslpassword=***&password=***&x=y#z");
    EXPECT_EQ(redact_url("postgresql://h/db?PassWord=one#two"), "postgresql://h/db?PassWord=***");
    EXPECT_EQ(redact_url("no url"), "no url");
    EXPECT_EQ(redact_url("host=h password=secret"), "host=h password=***");
    // libpq decodes the names of parameters, too.
    EXPECT_EQ(redact_url("postgresql://h/db?pass%77ord=one&x=y"),
              "postgresql://h/db?pass%77ord=***&x=y");
    EXPECT_EQ(redact_url("postgresql://h/db?%70%61%73%73%77%6F%72%64=one"),
              "postgresql://h/db?%70%61%73%73%77%6F%72%64=***");
    // What only looks like a parameter leaves the password what it is.
    EXPECT_EQ(redact_url("http://u:secret@password=h/a&b:c@d"), "http://u:***@password=h/a&b:c@d");
    EXPECT_EQ(redact_url("http://u:secret@password=h"), "http://u:***@password=h");
    // No URL, as a password with a slash has to be encoded: all the more nothing of it is shown.
    EXPECT_EQ(redact_url("postgresql://u:sec/ret@h/db"), "postgresql://u:***@h/db");
}

// Encoded, they would pass into a Host header, a connection string or a C string's end.
TEST(Url, RefusesControlCharactersHoweverTheyAreWritten) {
    for (const char* text :
         {"http://a%0D%0Ab/", "http://h%00/", "redis://u%0A:p@h", "redis://:p%00@h",
          "postgresql:///db?host=%2Ftmp%00", "unix:///x?d%7Fb=1"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
    EXPECT_TRUE(parse_url("http://h/a%0Ab"));  // the path stays as it is written
}

TEST(Url, PercentDecodingTakesTwoDigitsOfEitherCase) {
    EXPECT_EQ(percent_decode("a%2Fb%2f+%25"), "a/b/+%");
    EXPECT_EQ(percent_decode(""), "");
    for (const char* text : {"%", "a%2", "%2g", "%g2", "%%20", "% 1"}) {
        EXPECT_FALSE(percent_decode(text)) << text;
    }
}

TEST(Url, TheFirstOfARepeatedParameterCounts) {
    const auto url = parse_url("HTTP://h:8080?a=1&a=2&flag&&b=#c");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "http");
    EXPECT_EQ(url->path, "");
    EXPECT_EQ(url->parameter("a"), "1");
    EXPECT_EQ(url->query.size(), 4U);
    EXPECT_EQ(url->parameter("flag"), "");
    EXPECT_EQ(url->parameter("none"), "");
}

TEST(Url, ASchemeIsAWordOfRfc3986) {
    EXPECT_TRUE(parse_url("postgresql+tls.1-x://h"));
    for (const char* text : {"password=://h", "1a://h", "a b://h", "+a://h", "://h", "\x01://h"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(Url, AnAuthorityHasAHostAndPerhapsAPort) {
    for (const auto& [authority, host] :
         {std::pair{"localhost", "localhost"}, std::pair{"localhost:8082", "localhost"},
          std::pair{"localhost:", "localhost"}, std::pair{"[::1]", "::1"},
          std::pair{"[::1]:8082", "::1"}, std::pair{"", ""}, std::pair{"[", "["},
          std::pair{"::1", ":"}, std::pair{"127.0.0.1:1:1", "127.0.0.1:1"}}) {
        EXPECT_EQ(host_of_authority(authority), host) << authority;
    }
}

TEST(Url, LoopbackIsToldByItsText) {
    for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"}) {
        EXPECT_TRUE(is_loopback_host(host)) << host;
    }
    for (const char* host : {"127.evil.example", "127.0.0.1.example", "10.0.0.1", "", "0.0.0.0",
                             "127.0.0.256", "127.0.0", "127.0.0.1.1", "127.0.0.-0", "127.0.0."}) {
        EXPECT_FALSE(is_loopback_host(host)) << host;
    }
}

TEST(Url, DomainNamesHaveADotAndAreNoAddress) {
    for (const char* host : {"a.example", "A.EXAMPLE", "a.example.", "127.0.0.1.example",
                             "1.2.3.4e", "x.local", "localhost.example"}) {
        EXPECT_TRUE(is_domain_name(host)) << host;
    }
    for (const char* host : {"", ".", "localhost", "box", "box.", "127.0.0.1", "10.0.0.1", "::1",
                             "::ffff:10.0.0.1", "app.localhost", "app.LOCALHOST."}) {
        EXPECT_FALSE(is_domain_name(host)) << host;
    }
}

}  // namespace
}  // namespace chorus
