#include "common/settings/command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;
using Words = std::vector<std::string>;

const std::vector<Command> kTable{
    {.name = "enroll", .arguments = "URL TOKEN", .hint = "  for example: p enroll u t"},
    {.name = "status"},
    {.name = "check", .arguments = "db|redis", .words = {"db", "redis"}},
    {.name = "tasks", .arguments = "[single [alerts]]"},
};

TEST(FindCommand, AMistypedOneGetsTheNearestName) {
    EXPECT_EQ(find_command("p", kTable, "status").name, "status");
    EXPECT_THAT([] { find_command("p", kTable, "stauts"); },
                ThrowsMessage<UsageError>(HasSubstr("stauts; did you mean status?")));
    EXPECT_THAT([] { find_command("p", kTable, "dance-with-me"); },
                ThrowsMessage<UsageError>(HasSubstr("`p --help`")));
}

TEST(FindCommand, ATokenInItsPlaceIsNotRepeated) {
    EXPECT_THAT([] { find_command("p", kTable, "chr_enrol_secret"); },
                ThrowsMessage<UsageError>(Not(HasSubstr("secret"))));
    EXPECT_THAT(
        [] {
            check_words("p", kTable[0], {"u", "-", "chr_enrol_secret"});
        },
        ThrowsMessage<UsageError>(Not(HasSubstr("secret"))));
}

TEST(CheckWords, WhatIsMissingIsNamedWithTheUsage) {
    EXPECT_THAT(
        [] { check_words("p", kTable[0], {}); },
        ThrowsMessage<UsageError>(AllOf(HasSubstr("enroll needs URL"),
                                        HasSubstr("usage: p enroll URL TOKEN\n  for exam"))));
    EXPECT_THAT([] { check_words("p", kTable[0], {"u"}); },
                ThrowsMessage<UsageError>(HasSubstr("needs also TOKEN")));
    EXPECT_NO_THROW(check_words("p", kTable[0], {"u", "t"}));
}

TEST(CheckWords, WhatIsTooMuchIsNamed) {
    EXPECT_THAT(
        [] { check_words("p", kTable[1], {"now"}); },
        ThrowsMessage<UsageError>(HasSubstr("status takes no argument, but now was given")));
    EXPECT_THAT(
        [] {
            check_words("p", kTable[0], {"u", "t", "more"});
        },
        ThrowsMessage<UsageError>(HasSubstr("but more was given")));
    EXPECT_NO_THROW(check_words("p", kTable[1], {}));
}

TEST(CheckWords, WhatMayBeLeftOutMayBe) {
    for (const Words& given : {Words{}, Words{"single"}, Words{"single", "alerts"}}) {
        EXPECT_NO_THROW(check_words("p", kTable[3], given));
    }
    EXPECT_THROW(check_words("p", kTable[3], {"single", "alerts", "x"}), UsageError);
}

TEST(CheckWords, AWordThatIsUnknownGetsTheNearest) {
    EXPECT_THAT([] { check_words("p", kTable[2], {"rediss"}); },
                ThrowsMessage<UsageError>(HasSubstr("did you mean redis?")));
    EXPECT_THAT([] { check_words("p", kTable[2], {"disk"}); },
                ThrowsMessage<UsageError>(HasSubstr("it takes db, redis")));
    EXPECT_NO_THROW(check_words("p", kTable[2], {"db"}));
}

}  // namespace
}  // namespace chorus
