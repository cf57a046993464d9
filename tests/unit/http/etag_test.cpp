#include "aggregator/http/etag.h"

#include <gtest/gtest.h>

#include "aggregator/http/router.h"

namespace chorus::http {
namespace {

TEST(Etag, IsListedWhateverStandsBesideItAndHoweverStrongItIs) {
    EXPECT_TRUE(etag_listed("\"a\"", "\"a\""));
    EXPECT_TRUE(etag_listed(" \"b\" , W/\"a\"", "\"a\""));
    EXPECT_TRUE(etag_listed("*", "\"a\""));
    EXPECT_FALSE(etag_listed("", "\"a\""));
    EXPECT_FALSE(etag_listed("\"ab\", \"\", a", "\"a\""));
}

std::string rest_of(std::string_view path) {
    Router router;
    router.add({Method::get, "/ui/{path...}", Role::none, BodyRule::none, 0, {}});
    const auto match = router.find(Method::get, path);
    return match.route == nullptr ? "no route"
           : match.path_parameters.empty()
               ? "no parameter"
               : match.path_parameters[0].first + '=' + match.path_parameters[0].second;
}

TEST(Router, AnOpenEndTakesAnyRestEvenNone) {
    EXPECT_EQ(rest_of("/ui/"), "path=");
    EXPECT_EQ(rest_of("/ui/a"), "path=a");
    EXPECT_EQ(rest_of("/ui/a/b//c"), "path=a/b//c");
    EXPECT_EQ(rest_of("/ui"), "no route");
    EXPECT_EQ(rest_of("/other/a"), "no route");
}

}  // namespace
}  // namespace chorus::http
