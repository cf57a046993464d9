#include "common/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/json/json_reader.h"

namespace chorus {
namespace {

template <typename T>
std::string json(const T& value) {
    return JsonWriter{}.value(value).take();
}

TEST(JsonWriter, PutsCommasAndColons) {
    JsonWriter out;
    out.begin_object().field("a", 1).key("b").begin_array().value(1).value("x").null().end_array();
    out.key("c").begin_object().end_object().key("d").begin_array().end_array();
    out.field("e", true).end_object();
    EXPECT_EQ(out.text(), R"({"a":1,"b":[1,"x",null],"c":{},"d":[],"e":true})");
}

TEST(JsonWriter, NestedEmptyContainersAreSeparated) {
    JsonWriter out;
    out.begin_array();
    for (int i = 0; i < 2; ++i) out.begin_array().end_array().begin_object().end_object();
    EXPECT_EQ(out.end_array().text(), "[[],{},[],{}]");
}

TEST(JsonWriter, QuotesBackslashesAndControlCharactersAreEscapedInValuesAndKeys) {
    EXPECT_EQ(json("a\"b\\c/d\n\r\t"), R"("a\"b\\c/d\n\r\t")");
    EXPECT_EQ(json(std::string_view{"\0\x01\x1F\x7F", 4}), "\"\\u0000\\u0001\\u001f\\u007f\"");
    EXPECT_EQ(JsonWriter{}.begin_object().field("a\"\n", 1).end_object().text(), R"({"a\"\n":1})");
}

TEST(JsonWriter, TextInUtf8StaysAsItIs) {
    EXPECT_EQ(json("grün \xF0\x9F\x98\x80"), "\"grün \xF0\x9F\x98\x80\"");
}

// U+009B alone starts an escape sequence on many terminals.
TEST(JsonWriter, ControlCharactersAboveAsciiAreEscapedToo) {
    EXPECT_EQ(json("a\xC2\x9B"
                   "2Jb\xC2\x80"),
              R"("a\u009b2Jb\u0080")");
    EXPECT_EQ(json("\xC2\xA0"), "\"\xC2\xA0\"");  // U+00A0, the first that is none
}

TEST(JsonWriter, BytesThatAreNotUtf8BecomeTheReplacementCharacter) {
    EXPECT_EQ(json("a\xFF\xC3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(json("\xED\xA0\x80z"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST(JsonWriter, EveryByteValueGivesTextThatIsReadBack) {
    JsonReader reader;
    for (int first = 0; first < 256; ++first) {
        for (const char* tail : {"", "\"", "\\", "\x80", "z"}) {
            const std::string text = static_cast<char>(first) + std::string(tail);
            EXPECT_NO_THROW(reader.parse(json(text))) << first << ' ' << tail;
        }
    }
}

TEST(JsonWriter, IntegersKeepAllTheirDigits) {
    EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(json(std::uint8_t{200}), "200");
    EXPECT_EQ(json(std::int8_t{-5}), "-5");
    EXPECT_EQ(json(false), "false");
}

TEST(JsonWriter, DoublesAreTheShortestTextThatReadsBackTheSame) {
    JsonReader reader;
    EXPECT_EQ(json(0.1), "0.1");
    EXPECT_EQ(json(12.0), "12");
    EXPECT_EQ(json(-0.5), "-0.5");
    for (const double number :
         {1.0 / 3, 1e300, 5e-324, std::numeric_limits<double>::max(), -1e-7, 123456789.123456789}) {
        EXPECT_EQ(double(reader.parse(json(number))), number);
    }
}

TEST(JsonWriter, WhatIsNoNumberBecomesNull) {
    EXPECT_EQ(json(std::numeric_limits<double>::quiet_NaN()), "null");
    EXPECT_EQ(json(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(json(-std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(json(nullptr), "null");
}

TEST(JsonWriter, AnAbsentValueIsNullAndNeverZero) {
    EXPECT_EQ(json(std::optional<int>{}), "null");
    EXPECT_EQ(json(std::optional<int>{0}), "0");
    EXPECT_EQ(json(std::optional<std::string>{"x"}), "\"x\"");
}

TEST(JsonWriter, TimesAreRfc3339WithMilliseconds) {
    EXPECT_EQ(json(from_unix_micros(1'705'314'645'123'456)), "\"2024-01-15T10:30:45.123Z\"");
}

TEST(JsonWriter, RawTextIsSeparatedLikeAnyValue) {
    JsonWriter out;
    out.begin_array().raw("{\"a\":1}").raw("2").value(3);
    EXPECT_EQ(out.end_array().text(), "[{\"a\":1},2,3]");
}

TEST(JsonWriter, StartsAnewAfterClear) {
    JsonWriter out;
    out.begin_array().value(1).end_array();
    out.clear();
    out.begin_array().value(2).end_array();
    EXPECT_EQ(out.take(), "[2]");
}

}  // namespace
}  // namespace chorus
