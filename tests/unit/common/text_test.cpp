#include "common/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus {
namespace {

using testing::ElementsAre;

constexpr const char* kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, TellsTheLengthOfTheFirstSequence) {
    EXPECT_EQ(utf8_sequence_length("a\xFF"), 1U);
    EXPECT_EQ(utf8_sequence_length("\xC2\x80z"), 2U);
    EXPECT_EQ(utf8_sequence_length("\xDF\xBF"), 2U);
    EXPECT_EQ(utf8_sequence_length("\xE0\xA0\x80"), 3U);
    EXPECT_EQ(utf8_sequence_length("\xED\x9F\xBF"), 3U);  // U+D7FF, the last before surrogates
    EXPECT_EQ(utf8_sequence_length("\xEE\x80\x80"), 3U);  // U+E000, the first after them
    EXPECT_EQ(utf8_sequence_length("\xF0\x90\x80\x80"), 4U);
    EXPECT_EQ(utf8_sequence_length("\xF4\x8F\xBF\xBF"), 4U);  // U+10FFFF
    EXPECT_EQ(utf8_sequence_length(std::string_view{"\0", 1}), 1U);
    EXPECT_EQ(utf8_sequence_length(""), 0U);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsCutOff) {
    for (const std::string_view text :
         {"\x80",          "\xBF",          "\xC0\x80",         "\xC1\xBF",         "\xC2",
          "\xC2z",         "\xC2\xC2",      "\xE0\x9F\xBF",     "\xE1\x80",         "\xE1\x80z",
          "\xE1z\x80",     "\xED\xA0\x80",  "\xED\xBF\xBF",     "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
          "\xF0\x90\x80z", "\xF0\x90z\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE",
          "\xFF"}) {
        EXPECT_EQ(utf8_sequence_length(text), 0U) << testing::PrintToString(text);
    }
}

TEST(Utf8, TheFirstBadByteIsFound) {
    EXPECT_EQ(find_invalid_utf8(""), std::nullopt);
    EXPECT_EQ(find_invalid_utf8("grün \xF0\x9F\x98\x80"), std::nullopt);
    EXPECT_EQ(find_invalid_utf8("\xFFx"), 0U);
    EXPECT_EQ(find_invalid_utf8("é\xE2\x82"), 2U);
}

TEST(Utf8, RepairKeepsWhatIsGoodAndReplacesEachBadByte) {
    EXPECT_EQ(repair_utf8("grün"), "grün");
    EXPECT_EQ(repair_utf8("a\xFFz"), std::string("a") + kReplacement + "z");
    EXPECT_EQ(repair_utf8("\xE2\x82"), std::string(kReplacement) + kReplacement);
    EXPECT_EQ(find_invalid_utf8(repair_utf8("\xED\xA0\x80\xC0\xAF\xF8")), std::nullopt);
}

TEST(Text, PlainNameKeepsNamesApart) {
    for (const std::string good : {"eth0", "grün", "", "a b", "x\\y"}) {
        EXPECT_TRUE(is_plain_name(good, 16)) << good;
        EXPECT_EQ(plain_name(good, 16), good);
    }
    EXPECT_EQ(plain_name("b\xFCro", 16), "b\\xfcro");
    EXPECT_EQ(plain_name(std::string("a\0\n\x7F", 4), 16), "a\\x00\\x0a\\x7f");
    EXPECT_EQ(plain_name("\xC2\x9B", 16), "\\xc2\\x9b") << "CSI, which terminals obey";
    EXPECT_EQ(plain_name("\xE2\x82", 16), "\\xe2\\x82");
}

TEST(Text, PlainNameLosesTheMiddleOfWhatIsTooLong) {
    EXPECT_EQ(plain_name("0123456789abcdefg", 16), "012345…bcdefg");
    EXPECT_EQ(plain_name("ääääääääääää", 16), "äää…äää");
    for (std::size_t length = 0; length < 60; ++length) {
        for (const char* piece : {"x", "ä", "€", "\xFF"}) {
            std::string text;
            while (text.size() < length) text += piece;
            const std::string name = plain_name(text, 16);
            EXPECT_TRUE(is_plain_name(name, 16)) << name;
        }
    }
}

TEST(Text, OneLineHasNothingThatActsOnWhatShowsIt) {
    EXPECT_EQ(one_line("grün 99% |"), "grün 99% |");
    EXPECT_EQ(one_line("a\r\nb\tc\x1B[2J\x7F"
                       "d"),
              "a  b c [2J d");
    EXPECT_EQ(one_line("a\xC2\x85"
                       "b\xC2\x9B"
                       "2Jc\xC2\xA0"
                       "d"),
              "a b 2Jc\xC2\xA0"
              "d");  // C1; NBSP
    EXPECT_EQ(one_line("a\xE2\x80\xA8"
                       "b\xE2\x80\xA9"
                       "c"),
              "a b c");  // line separators
    // Marks, embeddings, overrides and isolates, which change the order of what is read.
    for (const char* bidi : {"\xD8\x9C", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA",
                             "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA9"}) {
        EXPECT_EQ(one_line(std::string("a") + bidi + "b"), "ab") << testing::PrintToString(bidi);
    }
    for (const char* kept : {"\xE2\x80\x8D", "\xE2\x80\x90", "\xE2\x81\xA5", "\xE2\x81\xAA"}) {
        EXPECT_EQ(one_line(kept), kept);
    }
    EXPECT_EQ(one_line("a\xFFz"), std::string("a") + kReplacement + "z");
    EXPECT_EQ(one_line(std::string("a\0b", 3)), "a b");
}

TEST(Text, TrimTakesBlanksAndLineBreaksFromBothEnds) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \r\n\t"), "");
    EXPECT_EQ(trim(""), "");
}

TEST(Text, CaseIsThatOfAsciiAlone) {
    EXPECT_EQ(to_lower("AZaz09_É"), "azaz09_É");
    EXPECT_TRUE(equals_ignoring_case("Keep-Alive", "keep-ALIVE"));
    EXPECT_FALSE(equals_ignoring_case("a", "ab"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x5B and 0x7B differ by the case bit only
}

TEST(Text, SplitKeepsEmptyParts) {
    EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
    EXPECT_THAT(split("", ','), ElementsAre(""));
    EXPECT_THAT(split("a", ','), ElementsAre("a"));
}

TEST(Glob, StarAndQuestionMarkMatchOverTheWholeText) {
    const std::pair<const char*, const char*> matching[] = {{"", ""},
                                                            {"*", ""},
                                                            {"*", "abc"},
                                                            {"a*", "a"},
                                                            {"a*c", "abbbc"},
                                                            {"*b*", "abc"},
                                                            {"a?c", "abc"},
                                                            {"**", "x"},
                                                            {"*.service", "a.b.service"},
                                                            {"a*b*c", "a_b_b_c"},
                                                            {"?*", "a"},
                                                            {"*a", "aaa"}};
    for (const auto& [pattern, text] : matching) {
        EXPECT_TRUE(glob_match(pattern, text)) << pattern << " against " << text;
    }
    const std::pair<const char*, const char*> others[] = {
        {"", "a"},     {"a", ""},     {"?", ""},        {"a", "A"}, {"a?", "a"},    {"a*c", "ab"},
        {"abc", "ab"}, {"ab", "abc"}, {"a*b*c", "acb"}, {"?*", ""}, {"a.c", "abc"}, {"[ab]", "a"}};
    for (const auto& [pattern, text] : others) {
        EXPECT_FALSE(glob_match(pattern, text)) << pattern << " against " << text;
    }
}

TEST(Glob, AStarInTheTextIsAnOrdinaryByte) {
    EXPECT_TRUE(glob_match("a*", "a*"));
    EXPECT_TRUE(glob_match("*c", "*bc"));
    EXPECT_FALSE(glob_match("ab", "a*"));
}

TEST(Glob, ManyStarsDoNotExplode) {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    // Backtracking over all stars would not end within a lifetime.
    EXPECT_FALSE(glob_match(pattern + "*b", std::string(5'000, 'a')));
    EXPECT_TRUE(glob_match(pattern + "*", std::string(5'000, 'a')));
}

TEST(Glob, IsToldByItsSigns) {
    EXPECT_TRUE(is_glob("a*"));
    EXPECT_TRUE(is_glob("?"));
    EXPECT_FALSE(is_glob("a.b[c]"));
    EXPECT_FALSE(is_glob(""));
}

TEST(Nearest, FindsATypingErrorInAnyCase) {
    const std::vector<std::string> names{"port", "listen", "database-url", "redis-url"};
    EXPECT_EQ(nearest("prot", names), "port");
    EXPECT_EQ(nearest("databse-url", names), "database-url");
    EXPECT_EQ(nearest("REDIS_URL", names), "redis-url");
}

TEST(Nearest, FindsANameOfWhichMostPartsAreTheSame) {
    EXPECT_EQ(nearest("load_average_1m", {"load_avg_5min", "load_avg_1min"}), "load_avg_1min");
    EXPECT_EQ(nearest("host", {"status", "hostname"}), "hostname");
    EXPECT_EQ(nearest("time_window", {"time_window_minutes", "threshold"}), "time_window_minutes");
    EXPECT_EQ(nearest("container", {"unit", "container_id"}), "container_id");
    EXPECT_EQ(nearest("cpu_load_of_all", {"cpu_usage_percent"}), std::nullopt);
    EXPECT_EQ(nearest("___", {"unit"}), std::nullopt);
    EXPECT_EQ(nearest(std::string(1 << 20U, 'x'), {"unit"}), std::nullopt);
}

TEST(Nearest, TheSmallestDistanceWins) {
    EXPECT_EQ(nearest("retention-day", {"retention-way-x", "retention-days"}), "retention-days");
}

TEST(Nearest, NothingIsSaidWhenNothingIsNear) {
    EXPECT_EQ(nearest("completely-else", {"port", "listen"}), std::nullopt);
    EXPECT_EQ(nearest("port", {}), std::nullopt);
    // Two changes turn any word of two letters into any other.
    EXPECT_EQ(nearest("ab", {"xy"}), std::nullopt);
}

TEST(DidYouMean, EndsASentenceEitherWay) {
    EXPECT_EQ(did_you_mean("prot", {"port", "listen"}, "see --help"), "; did you mean port?");
    EXPECT_EQ(did_you_mean("elsewhere", {"port"}, "see --help"), "; see --help");
}

}  // namespace
}  // namespace chorus
