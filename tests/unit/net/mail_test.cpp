#include "aggregator/net/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::net {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Mail, CannotGetFurtherHeadersFromOutsideText) {
    const Mail mail{"ops@example.org",
                    "CPU\r\nBcc: all@example.org",
                    "text\r\n.\r\nQUIT",
                    "id",
                    {{"X-Chorus-Delivery", "a\nb"}}};
    const auto text = compose(mail, "chorus@example.org", {});
    EXPECT_THAT(text, HasSubstr("Subject: CPU  Bcc: all@example.org\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("\r\nBcc")));
    EXPECT_THAT(text, HasSubstr("X-Chorus-Delivery: a b\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("\r\n.\r\n")));
    std::string without = text;
    for (std::size_t at = 0; (at = without.find("\r\n", at)) != std::string::npos;) {
        without.erase(at, 2);
    }
    EXPECT_THAT(without, Not(HasSubstr("\n"))) << "no bare line feed";
}

TEST(Mail, SubjectInUtf8IsEncodedInWholeCharacters) {
    std::string subject;
    for (int i = 0; i < 60; ++i) subject += "ä";
    const auto text = compose({"a@b.example", subject, "", "id"}, "c@d.example", {});
    EXPECT_THAT(text, HasSubstr("Subject: =?UTF-8?B?"));
    EXPECT_THAT(text, HasSubstr("?=\r\n =?UTF-8?B?"));
}

TEST(MailAddress, IsOneThatCannotLeaveItsPlace) {
    EXPECT_TRUE(is_mail_address("ops+x@example.org"));
    for (const char* bad : {"", "ops", "@example.org", "ops@", "a b@c", "a@b>", "a@b\r\nDATA",
                            "a@b@c", "\"a\"@b", "a@b,c@d"}) {
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    }
}

}  // namespace
}  // namespace chorus::net
