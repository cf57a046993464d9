#include "common/json/field_error.h"

#include <gtest/gtest.h>
#include <sysexits.h>

#include "common/settings/exit_codes.h"

namespace chorus {
namespace {

FieldError fault(int number) {
    return {"missing", {"body", std::int64_t{number}}, "Field required"};
}

TEST(FieldErrors, AreEmptyUntilOneIsAdded) {
    FieldErrors errors;
    EXPECT_TRUE(errors.empty());
    EXPECT_FALSE(errors.full());
    errors.add(fault(0));
    EXPECT_FALSE(errors.empty());
    ASSERT_EQ(errors.list().size(), 1U);
    EXPECT_EQ(errors.list()[0].type, "missing");
    EXPECT_EQ(errors.list()[0].location, (Location{"body", std::int64_t{0}}));
}

TEST(FieldErrors, KeepTheFirstTwentyInOrder) {
    FieldErrors errors;
    for (int i = 0; i < 19; ++i) errors.add(fault(i));
    EXPECT_FALSE(errors.full());
    for (int i = 19; i < 1'000; ++i) errors.add(fault(i));
    EXPECT_TRUE(errors.full());
    ASSERT_EQ(errors.list().size(), FieldErrors::kMaximum);
    for (std::size_t i = 0; i < errors.list().size(); ++i) {
        EXPECT_EQ(errors.list()[i].location[1], LocationStep{static_cast<std::int64_t>(i)});
    }
}

// systemd prints them by these names, and the units do not restart after 64 and 78.
TEST(ExitCodes, AreThoseOfSysexits) {
    EXPECT_EQ(to_int(ExitCode::ok), EX_OK);
    EXPECT_EQ(to_int(ExitCode::usage), EX_USAGE);
    EXPECT_EQ(to_int(ExitCode::unavailable), EX_UNAVAILABLE);
    EXPECT_EQ(to_int(ExitCode::internal), EX_SOFTWARE);
    EXPECT_EQ(to_int(ExitCode::cannot_create), EX_CANTCREAT);
    EXPECT_EQ(to_int(ExitCode::io_error), EX_IOERR);
    EXPECT_EQ(to_int(ExitCode::no_permission), EX_NOPERM);
    EXPECT_EQ(to_int(ExitCode::config), EX_CONFIG);
}

}  // namespace
}  // namespace chorus
