#include "common/services/service_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace chorus {
namespace {

using Verdict = ServiceAnswer::Verdict;

const std::vector<StatusRange> k200{{}};
const std::string kHalf = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nall go";

TEST(ServiceAnswer, TheStatusDecides) {
    EXPECT_EQ(ServiceAnswer(k200, "").feed("HTTP/1.1 200 OK\r\n\r\n"), Verdict::healthy);
    ServiceAnswer redirect(k200, "");
    EXPECT_EQ(redirect.feed("HTTP/1.1 301 X\r\nContent-Length: 5\r\n\r\n"), Verdict::unhealthy);
    EXPECT_EQ(redirect.error(), "HTTP 301");
    const std::vector<StatusRange> either{{200, 200}, {300, 399}};
    EXPECT_EQ(ServiceAnswer(either, "").feed("HTTP/1.1 301 X\r\n\r\n"), Verdict::healthy);
}

TEST(ServiceAnswer, ABodyIsWaitedForSoThatACutOneIsSeen) {
    ServiceAnswer answer(k200, "");
    EXPECT_FALSE(answer.answered());
    EXPECT_EQ(answer.feed(kHalf), Verdict::pending);
    EXPECT_TRUE(answer.answered());
    EXPECT_EQ(answer.end(), Verdict::unhealthy);
    EXPECT_EQ(answer.error(), "The answer was cut off");
}

TEST(ServiceAnswer, ABodyThatDoesNotComeInTimeChangesNothing) {
    ServiceAnswer answer(k200, "");
    answer.feed(kHalf);
    EXPECT_EQ(answer.time_is_up(), Verdict::healthy);
    EXPECT_EQ(ServiceAnswer(k200, "").time_is_up(), Verdict::pending);
}

TEST(ServiceAnswer, ATextMustHaveComeInTime) {
    ServiceAnswer answer(k200, "all good");
    answer.feed(kHalf);
    EXPECT_EQ(answer.time_is_up(), Verdict::pending);
    answer.feed("od");
    EXPECT_EQ(answer.time_is_up(), Verdict::healthy);
    EXPECT_EQ(answer.feed("ok"), Verdict::healthy);
    ServiceAnswer other(k200, "all good");
    EXPECT_EQ(other.feed("HTTP/1.1 200 OK\r\n\r\nsorry"), Verdict::pending);
    EXPECT_EQ(other.end(), Verdict::unhealthy);
    EXPECT_EQ(other.error(), "The answer does not contain the expected text");
}

// What was read before the head was whole is no answer.
TEST(ServiceAnswer, AHeadThatIsCutOffOrInDoubtIsNoAnswer) {
    for (const char* bytes :
         {"HTTP/1.1 200 OK\r\nX", "HTTP/1.1 103 Early Hints\r\n\r\n",
          "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
        ServiceAnswer answer(k200, "");
        answer.feed(bytes);
        EXPECT_EQ(answer.end(), Verdict::unhealthy) << bytes;
        EXPECT_FALSE(answer.answered()) << bytes;
        EXPECT_EQ(answer.error().find("HTTP "), std::string::npos) << answer.error();
    }
}

}  // namespace
}  // namespace chorus
