#include "agent/process/process_name.h"

#include <gtest/gtest.h>

#include "agent/process/user_names.h"

namespace chorus::agent {
namespace {

TEST(ProcessName, ControlCharactersAndBadBytesAreMadeHarmless) {
    EXPECT_EQ(process_name("a\nb\x1b[31m", ""), "a?b?[31m");
    EXPECT_EQ(process_name("\xff", ""), "\xef\xbf\xbd");
    EXPECT_EQ(process_name("", ""), "?");
}

TEST(ProcessName, OnlyAFullNameIsExtended) {
    const std::string argv("/usr/bin/python3.11-config\0-x", 29);
    EXPECT_EQ(process_name("python3", argv), "python3");
    EXPECT_EQ(process_name("python3.11-conf", argv), "python3.11-config");
    EXPECT_EQ(process_name("python3.11-conf", ""), "python3.11-conf");
}

TEST(UserNames, AskOnceForEachUser) {
    int asked = 0;
    UserNames users([&](uid_t uid) {
        ++asked;
        return "u" + std::to_string(uid);
    });
    EXPECT_EQ(users.name(7), "u7");
    EXPECT_EQ(users.name(7), "u7");
    EXPECT_EQ(users.name(8), "u8");
    EXPECT_EQ(asked, 2);
}

TEST(UserNames, UnknownUserIsHisNumber) {
    EXPECT_EQ(system_user_name(0), "root");
    EXPECT_EQ(system_user_name(3'999'999'999U), "3999999999");
}

}  // namespace
}  // namespace chorus::agent
