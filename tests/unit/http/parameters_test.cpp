// Query parameters that nobody asked for.
#include "aggregator/http/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Request asked(std::vector<NameValue> query) {
    Request request;
    request.query = std::move(query);
    return request;
}

// "type name" of each fault.
std::vector<std::string> types_and_places(Parameters& parameters) {
    std::vector<std::string> all;
    try {
        parameters.throw_if_bad();
    } catch (const ValidationError& e) {
        for (const auto& error : e.errors().list()) {
            all.push_back(error.type + " " + std::get<std::string>(error.location.at(1)));
        }
    }
    return all;
}

TEST(Parameters, WhatTheHandlerDidNotReadIsRefused) {
    const Request request = asked({{"limit", "5"}, {"statsu", "up"}, {"", "x"}});
    Parameters p{request};
    EXPECT_EQ(p.integer("limit", 1, 1, 10), 5);
    p.text("status", 10);
    EXPECT_THAT(types_and_places(p), ElementsAre("extra_forbidden statsu", "extra_forbidden "));
}

TEST(Parameters, UnknownOnesAreToldTogetherWithBadOnes) {
    const Request request = asked({{"limit", "0"}, {"limt", "5"}});
    Parameters p{request};
    p.integer("limit", 1, 1, 10);
    EXPECT_THAT(types_and_places(p),
                ElementsAre("greater_than_equal limit", "extra_forbidden limt"));
}

TEST(Parameters, EveryWayOfReadingMakesANameKnown) {
    const Request request = asked({{"a", "1"},
                                   {"b", "x,y"},
                                   {"c[k]", "v"},
                                   {"d", "true"},
                                   {"e", "2026-01-15T10:30:45Z"},
                                   {"f", "up"},
                                   {"g", "web-01"},
                                   {"h", "env=prod"},
                                   {"skip", "1"}});
    Parameters p{request};
    p.text("a", 10);
    p.texts("b", 10, 5);
    EXPECT_THAT(p.keyed("c", 10, 5), ElementsAre(NameValue{"k", "v"}));
    p.boolean("d", false);
    p.timestamp("e");
    p.choice("f", {"up"});
    p.hostname("g");
    EXPECT_THAT(p.pairs("h", 10, 5), ElementsAre(NameValue{"env", "prod"}));
    EXPECT_EQ(p.integer_of({"offset", "skip"}, 0, 0, 9), 1);
    EXPECT_THAT(types_and_places(p), IsEmpty());
}

TEST(Parameters, AKeyOfAnotherNameIsUnknown) {
    const Request request = asked({{"tag[k]", "v"}, {"tags", "v"}, {"tags[k", "v"}});
    Parameters p{request};
    p.keyed("tags", 10, 5);
    EXPECT_THAT(types_and_places(p), ElementsAre("extra_forbidden tag[k]", "extra_forbidden tags",
                                                 "extra_forbidden tags[k"));
}

TEST(Parameters, OfAnEndpointOfTheOriginalUnknownOnesAreIgnored) {
    const Request request = asked({{"what", "ever"}});
    Parameters p{request, Unknown::ignored};
    EXPECT_THAT(types_and_places(p), IsEmpty());
    EXPECT_THROW(refuse_parameters(request), ValidationError);
}

TEST(Parameters, PairsNeedANameAndKeepWhatFollows) {
    const Request request =
        asked({{"label", "a=b=c,d"}, {"label", "e="}, {"label", "f"}, {"label", "=g"}});
    Parameters p{request};
    EXPECT_THAT(p.pairs("label", 10, 5), ElementsAre(NameValue{"a", "b=c,d"}, NameValue{"e", ""}));
    EXPECT_THAT(types_and_places(p), ElementsAre("value_error label", "value_error label"));
}

TEST(Parameters, PairsAreBounded) {
    const Request request = asked({{"label", "a=1"}, {"label", "b=2"}, {"label", "c=345678"}});
    Parameters p{request};
    p.pairs("label", 5, 2);
    EXPECT_THAT(types_and_places(p), ElementsAre("string_too_long label", "too_long label"));
}

TEST(Parameters, AFloodOfUnknownOnesIsToldInPart) {
    std::vector<NameValue> query;
    for (int i = 0; i < 5'000; ++i) query.emplace_back(std::to_string(i), "");
    const Request request = asked(query);
    Parameters p{request};
    EXPECT_EQ(types_and_places(p).size(), FieldErrors::kMaximum);
}

}  // namespace
}  // namespace chorus::http
