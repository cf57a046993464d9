#include "common/timestamp.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

using std::chrono::microseconds;

// 2024-01-15T10:30:45.123456Z, by date(1).
constexpr std::int64_t kMicros = 1'705'314'645'123'456;

std::optional<std::int64_t> micros(std::string_view text) {
    const auto time = parse_timestamp(text);
    return time ? std::optional{to_unix_micros(*time)} : std::nullopt;
}

TEST(Timestamp, IsWrittenWithMillisecondsOrMicroseconds) {
    const Timestamp time = from_unix_micros(kMicros);
    EXPECT_EQ(format_timestamp(time), "2024-01-15T10:30:45.123Z");
    EXPECT_EQ(format_timestamp_micros(time), "2024-01-15T10:30:45.123456Z");
    EXPECT_EQ(format_timestamp(Timestamp{}), "1970-01-01T00:00:00.000Z");
}

TEST(Timestamp, MillisecondsAreCutAndNotRounded) {
    EXPECT_EQ(format_timestamp(from_unix_micros(1'999'999)), "1970-01-01T00:00:01.999Z");
}

TEST(Timestamp, TimesBefore1970AreWrittenRight) {
    EXPECT_EQ(format_timestamp_micros(from_unix_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Timestamp, WhatIsWrittenIsReadBackTheSame) {
    for (const std::int64_t point :
         {std::int64_t{0}, kMicros, std::int64_t{253'402'300'799'999'999}, std::int64_t{1}}) {
        EXPECT_EQ(micros(format_timestamp_micros(from_unix_micros(point))), point);
    }
}

TEST(Timestamp, ReadsEveryFormOfTheSameMoment) {
    for (const char* text :
         {"2024-01-15T10:30:45.123456Z", "2024-01-15t10:30:45.123456z",
          "2024-01-15 10:30:45.123456", "2024-01-15T10:30:45.123456",
          "2024-01-15T12:00:45.123456+01:30", "2024-01-15T12:00:45.123456+0130",
          // a query string's + for a blank, undone by the decoder of the client's library
          "2024-01-15T12:00:45.123456 01:30", "2024-01-15T02:30:45.123456-08:00",
          "2024-01-15T10:30:45.123456+00:00", "2024-01-15T10:30:45.123456999Z"}) {
        EXPECT_EQ(micros(text), kMicros) << text;
    }
}

TEST(Timestamp, SecondsFractionAndTimeMayBeLeftOut) {
    EXPECT_EQ(micros("2024-01-15T10:30:45Z"), kMicros - 123'456);
    EXPECT_EQ(micros("2024-01-15T10:30Z"), kMicros - 45'123'456);
    EXPECT_EQ(micros("2024-01-15"), 1'705'276'800'000'000);
}

TEST(Timestamp, AFractionOfAnyLengthIsReadByItsFirstSixDigits) {
    EXPECT_EQ(micros("1970-01-01T00:00:00.5Z"), 500'000);
    EXPECT_EQ(micros("1970-01-01T00:00:00." + std::string(10'000, '9') + "Z"), 999'999);
}

TEST(Timestamp, OffsetMayChangeTheDay) {
    EXPECT_EQ(parse_timestamp("2024-03-01T00:30:00+01:00"),
              parse_timestamp("2024-02-29T23:30:00Z"));
    EXPECT_EQ(parse_timestamp("2023-12-31T23:30:00-01:00"),
              parse_timestamp("2024-01-01T00:30:00Z"));
}

TEST(Timestamp, RefusesDaysAndTimesThatDoNotExist) {
    EXPECT_TRUE(parse_timestamp("2024-02-29"));
    for (const char* text :
         {"2023-02-29", "2100-02-29", "2024-00-10", "2024-13-10", "2024-04-31", "2024-01-00",
          "2024-01-15T24:00:00Z", "2024-01-15T10:60:00Z", "2024-01-15T10:30:61Z",
          "2024-01-15T10:30:00+24:00", "2024-01-15T10:30:00+01:60"}) {
        EXPECT_FALSE(parse_timestamp(text)) << text;
    }
}

TEST(Timestamp, ALeapSecondIsReadAsTheSecondAfterIt) {
    EXPECT_EQ(parse_timestamp("2016-12-31T23:59:60Z"), parse_timestamp("2017-01-01T00:00:00Z"));
    EXPECT_EQ(parse_timestamp("2017-01-01T00:59:60.5+01:00"),
              parse_timestamp("2017-01-01T00:00:00.5Z"));
}

TEST(Timestamp, Second60IsOnlyALeapSecondAtTheEndOfAUtcDay) {
    EXPECT_FALSE(parse_timestamp("2016-12-31T10:30:60Z"));
    EXPECT_FALSE(parse_timestamp("2016-12-31T23:59:60+01:00"));
}

TEST(Timestamp, YearsFrom1970To9999AreReadAndNoOthers) {
    EXPECT_EQ(micros("1970-01-01T00:00:00Z"), 0);
    EXPECT_TRUE(parse_timestamp("9999-12-31T23:59:59.999999Z"));
    // The offset counts: each of these is outside in UTC.
    for (const char* text :
         {"1969-12-31T23:59:59Z", "0000-01-01", "1970-01-01T00:30:00+01:00",
          "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z", "10000-01-01", "-2024-01-01"}) {
        EXPECT_FALSE(parse_timestamp(text)) << text;
    }
}

TEST(Timestamp, RefusesWhatIsNone) {
    for (const std::string_view text : {"",
                                        " ",
                                        "now",
                                        "1705314645",
                                        "2024",
                                        "2024-01",
                                        "2024-1-15",
                                        "24-01-15",
                                        "2024/01/15",
                                        "2024-01-15T",
                                        "2024-01-15T10",
                                        "2024-01-15T10:30:",
                                        "2024-01-15T10:30:45.",
                                        "2024-01-15T10:30:45.Z",
                                        "2024-01-15T10:30:45ZZ",
                                        "2024-01-15T10:30:45+1",
                                        "2024-01-15T10:30:45+01:0",
                                        "2024-01-15T10:30:45 UTC",
                                        " 2024-01-15",
                                        "2024-01-15 ",
                                        "2024-01-15Z",
                                        "2024-01-15T10:30:45,5Z",
                                        "２024-01-15"}) {
        EXPECT_FALSE(parse_timestamp(text)) << text;
    }
    EXPECT_FALSE(parse_timestamp(std::string_view{"2024-01-15\0", 11}));
}

}  // namespace
}  // namespace chorus
