#include "common/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace chorus {
namespace {

constexpr std::string_view kText = "0189f7e4-12ab-4cde-8f01-23456789abcd";

TEST(Uuid, WhatIsReadIsWrittenTheSame) {
    const auto id = Uuid::parse(kText);
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), kText);
    EXPECT_EQ(id->bytes.front(), 0x01);
    EXPECT_EQ(id->bytes.back(), 0xCD);
}

TEST(Uuid, IsReadInEitherCaseAndWrittenInLowerCase) {
    const auto id = Uuid::parse("0189F7E4-12AB-4CDE-8F01-23456789ABCD");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), kText);
}

TEST(Uuid, RefusesEveryTextWithOneByteChanged) {
    for (std::size_t i = 0; i < kText.size(); ++i) {
        for (const char wrong : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xFF', '-', 'a'}) {
            const bool hyphen = kText[i] == '-';
            if (hyphen == (wrong == '-') && (hyphen || wrong == 'a')) continue;  // still good
            std::string text{kText};
            text[i] = wrong;
            EXPECT_FALSE(Uuid::parse(text)) << text;
        }
    }
}

TEST(Uuid, RefusesOtherLengthsAndForms) {
    for (const std::string_view text :
         {"", "0189f7e412ab4cde8f0123456789abcd", "{0189f7e4-12ab-4cde-8f01-23456789abcd}",
          "0189f7e4-12ab-4cde-8f01-23456789abc", "0189f7e4-12ab-4cde-8f01-23456789abcde",
          "0189f7e4-12ab-4cde-8f01-23456789abcd\n", "0189f7e41-2ab-4cde-8f01-23456789abcd"}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
}

TEST(Uuid, RandomOnesAreVersionFourAndDiffer) {
    std::set<Uuid> seen;
    for (int i = 0; i < 1'000; ++i) {
        const Uuid id = Uuid::random();
        const std::string text = id.to_string();
        EXPECT_EQ(text[14], '4') << text;
        EXPECT_NE(std::string_view{"89ab"}.find(text[19]), std::string_view::npos) << text;
        EXPECT_TRUE(seen.insert(id).second) << text;
    }
}

TEST(Uuid, OrderIsThatOfTheText) {
    EXPECT_LT(*Uuid::parse("00000000-0000-4000-8000-000000000001"),
              *Uuid::parse("00000000-0000-4000-8000-000000000002"));
    EXPECT_LT(*Uuid::parse("7fffffff-0000-4000-8000-000000000000"),
              *Uuid::parse("80000000-0000-4000-8000-000000000000"));
    EXPECT_EQ(Uuid{}.to_string(), "00000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace chorus
