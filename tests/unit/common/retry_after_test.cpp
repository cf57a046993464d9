#include "common/http/retry_after.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

using std::chrono::seconds;

const Timestamp kNow = *parse_timestamp("2026-03-01T12:00:00Z");
constexpr seconds kMost{3'600};

std::optional<seconds> wait(const std::string& retry_after_header, const std::string& date = "") {
    HttpHead head;
    head.retry_after = retry_after_header;
    head.date = date;
    return retry_after(head, kNow, kMost);
}

TEST(RetryAfter, SecondsAndDatesAreReadUpToABound) {
    EXPECT_EQ(wait("60"), seconds{60});
    EXPECT_EQ(wait("0"), seconds{0});
    EXPECT_EQ(wait("7200"), kMost);
    EXPECT_EQ(wait("99999999999999999999"), kMost);
    EXPECT_EQ(wait("Sun, 01 Mar 2026 12:01:30 GMT"), seconds{90});
    EXPECT_EQ(wait("Sunday, 01-Mar-26 12:01:30 GMT"), seconds{90});
    EXPECT_EQ(wait("Sun Mar  1 12:01:30 2026"), seconds{90});
    EXPECT_EQ(wait("Sun, 01 Mar 2026 11:00:00 GMT"), seconds{0});
    EXPECT_EQ(wait("Sun, 01 Mar 2036 12:00:00 GMT"), kMost);
}

TEST(RetryAfter, ADateIsComparedWithTheClockOfWhoSaysIt) {
    EXPECT_EQ(wait("Sun, 01 Mar 2026 15:00:30 GMT", "Sun, 01 Mar 2026 15:00:00 GMT"), seconds{30});
    EXPECT_EQ(wait("Sun, 01 Mar 2026 12:00:30 GMT", "yesterday"), seconds{30});
}

TEST(RetryAfter, AnythingElseIsNotKnown) {
    for (const char* text : {"", "-1", "+1", "1.5", "60 s", "soon", "Sun, 32 Mar 2026 12:00:00 GMT",
                             "Sun, 01 Mar 2026 24:00:00 GMT", "Sun, 01 Mar 2026 12:00 GMT",
                             "Sun, 01 Mar 2026 12:00:00 CET", "Sun, 01 Mer 2026 12:00:00 GMT",
                             "2026-03-01T12:00:00Z"}) {
        EXPECT_FALSE(wait(text)) << text;
    }
}

TEST(RetryAfter, TwoDigitsAreTheNearestYear) {
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow),
              parse_timestamp("1994-11-06T08:49:37Z"));
    EXPECT_EQ(parse_http_date("Monday, 06-Nov-34 08:49:37 GMT", kNow),
              parse_timestamp("2034-11-06T08:49:37Z"));
}

}  // namespace
}  // namespace chorus
