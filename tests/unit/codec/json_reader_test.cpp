#include "common/json/json_reader.h"
#include "common/compress.h"

#include <gtest/gtest.h>

#include "common/batch/batch.h"
#include "common/json/json_fault.h"

namespace chorus {
namespace {

struct Refusal {
    std::string code;
    std::size_t offset = 0;
    std::string message;
};

Refusal refusal(const std::string& text) {
    JsonReader reader;
    try {
        reader.parse(std::string_view{text});
    } catch (const JsonError& error) {
        return {error.code(), error.offset(), error.what()};
    }
    return {"accepted", 0, {}};
}

std::string nested(int depth, const std::string& inside) {
    return std::string(static_cast<std::size_t>(depth), '[') + inside +
           std::string(static_cast<std::size_t>(depth), ']');
}

TEST(JsonReader, ReadsEveryKindOfValue) {
    JsonReader reader;
    const JsonValue root = reader.parse(R"({"a":[1,-2.5,null,true,"xé"],"b":{}})");
    EXPECT_EQ(std::int64_t(root["a"].at(0)), 1);
    EXPECT_EQ(double(root["a"].at(1)), -2.5);
    EXPECT_EQ(std::string_view(root["a"].at(4)), "xé");
}

TEST(JsonReader, ReadsAStringWithRoomBehindItWithoutCopying) {
    std::string text = R"({"a":"b"})";
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    JsonReader reader;
    EXPECT_EQ(std::string_view(reader.parse(text)["a"]), "b");
    const std::string tight = R"({"a":"c"})";
    EXPECT_EQ(std::string_view(reader.parse(tight)["a"]), "c");
}

TEST(JsonReader, NamesTheFirstFaultByItsByte) {
    const std::pair<std::string, std::size_t> faults[] = {{"{", 1},
                                                          {"[1,]", 3},
                                                          {"{\"a\":1,}", 7},
                                                          {"{} {}", 3},
                                                          {"\xEF\xBB\xBF{}", 0},
                                                          {"// x\n{}", 0},
                                                          {"{\"a\" 1}", 5},
                                                          {"[nul]", 1},
                                                          {"", 0},
                                                          {"  ", 2},
                                                          {"[\"a", 1},
                                                          {"['a']", 1},
                                                          {"[\"\\x\"]", 2},
                                                          {"[\"a\nb\"]", 3},
                                                          {"[NaN]", 1},
                                                          {"[-Infinity]", 1},
                                                          {"{a:1}", 1},
                                                          {"[1 2]", 3},
                                                          {std::string("{}\0", 3), 2}};
    for (const auto& [text, offset] : faults) {
        const auto found = refusal(text);
        EXPECT_EQ(found.code, "json_invalid") << text;
        EXPECT_EQ(found.offset, offset) << text;
    }
}

TEST(JsonReader, TakesThirtyTwoLevelsAndNoMore) {
    EXPECT_EQ(refusal(nested(32, "1")).code, "accepted");
    EXPECT_EQ(refusal(nested(32, "")).code, "accepted");
    for (const std::string inside : {"", "1", "{}"}) {
        const auto found = refusal(nested(33, inside));
        EXPECT_EQ(found.code, "json_too_deep") << inside;
        EXPECT_EQ(found.offset, 32U) << inside;
    }
    EXPECT_EQ(refusal(nested(32, "{}")).code, "json_too_deep");
    EXPECT_EQ(refusal(nested(31, "{\"a\":[]}")).code, "json_too_deep");
}

TEST(JsonReader, AMillionBracketsAreTooDeep) {
    EXPECT_EQ(refusal(std::string(1'000'000, '[')).code, "json_too_deep");
    std::string objects;
    for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
    EXPECT_EQ(refusal(objects).code, "json_too_deep");
}

TEST(JsonReader, RefusesAKeyGivenTwiceAndPointsToIt) {
    EXPECT_EQ(refusal(R"({"hostname":"a","x":1,"hostname":"b"})").code, "json_duplicate_key");
    EXPECT_NE(refusal(R"({"hostname":"a","hostname":"b"})").message.find("/hostname"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"a":[0,{"b/c":1,"b/c":2}]})").message.find("/a/1/b~1c"),
              std::string::npos);
    // Escapes do not hide it.
    EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})").code, "json_duplicate_key");
}

TEST(JsonReader, AMillionKeysWithOnePrefixAreReadInReasonableTime) {
    std::string text = "{";
    for (int i = 0; i < 1'000'000; ++i) {
        text += "\"aaaaaaaaaaaaaaaa" + std::to_string(i) + "\":0,";
    }
    EXPECT_EQ(refusal(text + "\"z\":0}").code, "accepted");
    const auto twice = refusal(text + "\"aaaaaaaaaaaaaaaa777777\":0}");
    EXPECT_EQ(twice.code, "json_duplicate_key");
    EXPECT_NE(twice.message.find("/aaaaaaaaaaaaaaaa777777"), std::string::npos);
}

TEST(JsonReader, RefusesNumbersThatCannotBeKept) {
    for (const std::string number : {"1e400", "-1e400", "18446744073709551616",
                                     "-9223372036854775809", "01", "1.", "1e", "-01"}) {
        const auto found = refusal("{\"v\":" + number + "}");
        EXPECT_EQ(found.code, "number_invalid") << number;
        EXPECT_GE(found.offset, 5U) << number;
    }
    EXPECT_EQ(refusal("[" + std::string(400, '9') + "]").code, "number_invalid");
    EXPECT_EQ(refusal("[" + std::string(400, '9') + ".5]").code, "number_invalid");
    for (const std::string number : {"18446744073709551615", "-9223372036854775808", "1e-400",
                                     "1.7976931348623157e308", "-0", "0.1e5"}) {
        EXPECT_EQ(refusal("[" + number + "]").code, "accepted") << number;
    }
}

TEST(JsonReader, RefusesTextThatIsNoUnicode) {
    const std::string bad[] = {
        "[\"a\xff\"]",         "[\"\xC0\x80\"]", "[\"\xED\xA0\x80\"]",  "[\"\xF4\x90\x80\x80\"]",
        R"(["\ud800"])",       R"(["\udc00"])",  R"(["\ud800\u0041"])", R"(["\ud800\ud800"])",
        R"(["\ud83d\ue000"])", R"(["\ud83dx"])", R"(["\ud83d\n"])",     "[\xff]"};
    for (const auto& text : bad) EXPECT_EQ(refusal(text).code, "invalid_utf8") << text;
    EXPECT_EQ(refusal("[\"ab\xff\"]").offset, 4U);
    EXPECT_EQ(refusal(R"(["ab\ud800"])").offset, 4U);
    EXPECT_EQ(refusal(R"(["\ud83d\ude00"])").code, "accepted");
}

TEST(JsonReader, GivesBackTheBuffersOfALargeDocument) {
    JsonReader reader;
    const std::string large = "[\"" + std::string(8U << 20U, 'x') + "\"]";
    reader.parse(std::string_view{large});
    EXPECT_EQ(std::int64_t(reader.parse("[7]").at(0)), 7);
    EXPECT_EQ(refusal(std::string(limits::kInflatedBytes + 1, ' ')).code, "json_invalid");
}

TEST(JsonFault, FindsNoneInGoodText) {
    EXPECT_FALSE(find_json_fault(R"( {"a":[1,2.5e-3,"\u00e9\n",{}],"b":null} )", 32));
}

}  // namespace
}  // namespace chorus
