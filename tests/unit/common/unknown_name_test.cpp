#include "common/json/unknown_name.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

TEST(UnknownName, TellsTheNearestAndAllThatAreKnown) {
    const auto error = unknown_name({"query", "statsu"}, "parameter", {"status", "label"});
    EXPECT_EQ(error.type, "extra_forbidden");
    EXPECT_EQ(error.location, (Location{"query", "statsu"}));
    EXPECT_EQ(error.message, "No such parameter; did you mean status? Known are status, label");
    EXPECT_EQ(error.context, (ErrorContext{{"nearest", std::string("status")}}));
}

TEST(UnknownName, TellsWhatIsKnownWhereNothingIsNear) {
    EXPECT_EQ(unknown_name({"body", "zzz"}, "field", {"status", "label"}).message,
              "No such field; known are status, label");
    EXPECT_EQ(unknown_name({"query", "zzz"}, "parameter", {}).message,
              "No such parameter; there is none here");
}

TEST(UnknownName, TellsAtMostAHundredBytesOfIt) {
    const auto error = unknown_name({"query", std::string(99, 'x') + "\u00e9"}, "parameter", {});
    EXPECT_EQ(std::get<std::string>(error.location[1]), std::string(99, 'x') + "\uFFFD");
}

}  // namespace
}  // namespace chorus
