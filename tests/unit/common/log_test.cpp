#include "common/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <thread>

#include "common/json/json_reader.h"
#include "common/log_rate.h"
#include "common/text.h"
#include "tests/unit/common/log_file.h"

namespace chorus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Log : public testing::Test {
  protected:
    std::string only_line() const {
        const auto all = file_.lines();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? "" : all[0];
    }
    std::vector<std::string> lines() const { return file_.lines(); }
    std::string written() const { return file_.written(); }
    void use(LogFormat format) const { file_.use(format); }

    const test::LogFile file_;
    const Logger log_{"ingest"};
};

// The text behind the stamp, which differs from run to run.
std::string after_stamp(const std::string& line) {
    return line.substr(std::string_view{"10:30:45.123 "}.size());
}

std::string text_of(JsonValue root, const char* key) {
    return std::string(std::string_view(root[key]));
}

TEST_F(Log, ALineIsOneJsonObjectWithTheKeysOfTheContract) {
    log_.info("Batch stored", {{"hostname", "web-1"}, {"system_metrics", 25}});
    const std::string line = only_line();
    JsonReader reader;
    const JsonValue root = reader.parse(line);
    std::vector<std::string> keys;
    for (const auto [key, value] : simdjson::dom::object(root)) keys.emplace_back(key);
    EXPECT_THAT(keys,
                ElementsAre("timestamp", "level", "event", "logger", "hostname", "system_metrics"));
    EXPECT_EQ(text_of(root, "level"), "info");
    EXPECT_EQ(text_of(root, "event"), "Batch stored");
    EXPECT_EQ(text_of(root, "logger"), "ingest");
    EXPECT_EQ(text_of(root, "hostname"), "web-1");
    EXPECT_EQ(std::int64_t(root["system_metrics"]), 25);
    const std::string stamp = text_of(root, "timestamp");
    EXPECT_EQ(stamp.size(), 24U);
    EXPECT_TRUE(parse_timestamp(stamp)) << stamp;
}

TEST_F(Log, LevelsHaveTheNamesOfTheContract) {
    for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning,
                                 LogLevel::error, LogLevel::critical}) {
        log(level, "x", "y");
    }
    std::vector<std::string> names;
    JsonReader reader;
    for (const auto& line : lines()) names.push_back(text_of(reader.parse(line), "level"));
    EXPECT_THAT(names, ElementsAre("debug", "info", "warning", "error", "critical"));
}

TEST_F(Log, WhatIsBelowTheLeastLevelIsNotWritten) {
    file_.use(LogFormat::json, LogLevel::warning);
    log_.debug("a");
    log_.info("b");
    EXPECT_EQ(written(), "");
    log_.warning("c");
    log_.error("d");
    EXPECT_EQ(lines().size(), 2U);
}

TEST_F(Log, ValuesKeepTheirTypes) {
    log_.info("x", {{"text", std::string{"5"}},
                    {"yes", true},
                    {"least", std::numeric_limits<std::int64_t>::min()},
                    {"most", std::numeric_limits<std::uint64_t>::max()},
                    {"duration_seconds", 2.3449},
                    {"whole", 3.0},
                    {"huge", 1e308},
                    {"none", std::numeric_limits<double>::quiet_NaN()}});
    EXPECT_THAT(only_line(),
                HasSubstr(R"("text":"5","yes":true,"least":-9223372036854775808,)"
                          R"("most":18446744073709551615,"duration_seconds":2.345,"whole":3,)"
                          R"("huge":1e+308,"none":null})"));
}

TEST_F(Log, NothingFromOutsideBreaksOrForgesALine) {
    const std::string hostile =
        "a\n{\"level\":\"info\"}\r\x1B[2J\x7F\"\\\xFF\xC2\x9B"
        "0m";
    log_.info(hostile, {{"name", hostile}, {hostile, 1}});
    const std::string line = only_line();
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    EXPECT_EQ(line.find('\x7F'), std::string::npos);
    EXPECT_EQ(line.find("\xC2\x9B"), std::string::npos);
    EXPECT_EQ(find_invalid_utf8(line), std::nullopt);
    JsonReader reader;
    const JsonValue root = reader.parse(line);
    EXPECT_EQ(text_of(root, "name"),
              "a\n{\"level\":\"info\"}\r\x1B[2J\x7F\"\\\xEF\xBF\xBD\xC2\x9B"
              "0m");
    EXPECT_EQ(text_of(root, "event"), text_of(root, "name"));
}

TEST_F(Log, TextIsReadableAndKeepsQuotes) {
    use(LogFormat::text);
    log_.info("Batch stored", {{"hostname", "web 1"}, {"seq", 3}, {"ok", true}});
    log_.warning("x");
    EXPECT_EQ(after_stamp(lines()[0]),
              "INFO  ingest: Batch stored hostname=\"web 1\" seq=3 ok=true");
    EXPECT_EQ(after_stamp(lines()[1]), "WARN  ingest: x");
}

TEST_F(Log, NothingFromOutsideForgesALineOrMovesTheCursorInText) {
    use(LogFormat::text);
    const std::string hostile =
        "a\nERROR b\x1B[2J\xFF\xC2\x9B"
        "0m";
    log_.info(hostile, {{"name", hostile}, {hostile, 1}});
    const std::string line = only_line();
    const std::string harmless = "a\\nERROR b\\u001b[2J\xEF\xBF\xBD\\u009b0m";
    EXPECT_EQ(after_stamp(line),
              "INFO  ingest: " + harmless + " name=\"" + harmless + "\" " + harmless + "=1");
}

TEST_F(Log, AutomaticIsJsonOnAFileAndTextOnATerminal) {
    use(LogFormat::automatic);
    log_.info("x");
    EXPECT_THAT(only_line(), StartsWith("{\"timestamp\""));

    const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(master, 0);
    ASSERT_EQ(::grantpt(master), 0);
    ASSERT_EQ(::unlockpt(master), 0);
    const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    configure_log(LogLevel::debug, LogFormat::automatic, terminal);
    log_.info("x");
    std::array<char, 256> buffer{};
    const auto size = ::read(master, buffer.data(), buffer.size());
    ASSERT_GT(size, 0);
    const std::string line(buffer.data(), static_cast<std::size_t>(size));
    EXPECT_EQ(after_stamp(line), "INFO  ingest: x\r\n");
    ::close(terminal);
    ::close(master);
}

TEST_F(Log, ALongValueIsCutBetweenCharactersAndTheLineStaysJson) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "é";
    for (const char* shift : {"", "x"})
        log_.info(shift + text, {{"value", shift + text}, {"n", 1}});
    JsonReader reader;
    for (const std::string& line : lines()) {
        EXPECT_LT(line.size(), 64U << 10U);
        const JsonValue root = reader.parse(line);
        EXPECT_THAT(text_of(root, "value"), testing::EndsWith("é...(cut)"));
        EXPECT_THAT(text_of(root, "event"), testing::EndsWith("é...(cut)"));
        EXPECT_EQ(std::int64_t(root["n"]), 1);
    }
}

TEST_F(Log, ALineOfManyLongValuesIsBoundedAndSaysThatItIsCut) {
    // Each byte takes six as an escape.
    const std::string text(100'000, '\x01');
    for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
        use(format);
        log_.info(text, {{"a", text}, {"b", text}, {"c", text}, {"d", 1}});
    }
    ASSERT_EQ(lines().size(), 2U);
    for (const std::string& line : lines()) EXPECT_LE(line.size(), 64U << 10U);
    JsonReader reader;
    EXPECT_TRUE(bool(reader.parse(lines()[0])["cut"]));
    EXPECT_THAT(lines()[1], testing::EndsWith(" cut=true"));
}

TEST_F(Log, LinesOfManyThreadsStayWhole) {
    constexpr int kThreads = 4, kLines = 200;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([t] {
            for (int i = 0; i < kLines; ++i) {
                log(LogLevel::critical, "x", "y", {{"t", t}, {"text", std::string(300, 'a')}});
            }
        });
    }
    for (auto& thread : threads) thread.join();
    JsonReader reader;
    std::array<int, kThreads> seen{};
    for (const std::string& line : lines()) {
        ++seen.at(static_cast<std::size_t>(std::int64_t(reader.parse(line)["t"])));
    }
    EXPECT_THAT(seen, testing::Each(kLines));
}

TEST_F(Log, ALogThatCannotBeWrittenStopsNothing) {
    configure_log(LogLevel::debug, LogFormat::json, -1);
    log_.error("x");
    use(LogFormat::json);
    log_.error("y");
    EXPECT_THAT(only_line(), HasSubstr("\"event\":\"y\""));
}

TEST(LogRate, LeavesOutWhatIsAboveAThousandLinesOfOneSecond) {
    LogRate rate;
    const Timestamp start = from_unix_micros(5'000'000);
    for (std::uint64_t i = 0; i < LogRate::kLinesPerSecond; ++i) {
        ASSERT_TRUE(rate.admit(start + std::chrono::microseconds{i}, false).admitted) << i;
    }
    EXPECT_FALSE(rate.admit(start, false).admitted);
    EXPECT_FALSE(rate.admit(start + std::chrono::milliseconds{999}, false).admitted);
    EXPECT_TRUE(rate.admit(start + std::chrono::seconds{1}, false).admitted);
}

TEST(LogRate, ToldOnceHowManyWereLeftOut) {
    LogRate rate;
    Timestamp now = from_unix_micros(5'000'000);
    for (std::uint64_t i = 0; i < LogRate::kLinesPerSecond + 7; ++i) rate.admit(now, false);
    now += std::chrono::seconds{3};
    EXPECT_EQ(rate.admit(now, false).dropped_before, 7U);
    EXPECT_EQ(rate.admit(now, false).dropped_before, 0U);
    EXPECT_EQ(rate.admit(now + std::chrono::seconds{1}, false).dropped_before, 0U);
}

TEST(LogRate, ALineThatMustNotBeLostIsNeverLeftOut) {
    LogRate rate;
    const Timestamp now = from_unix_micros(5'000'000);
    for (std::uint64_t i = 0; i < LogRate::kLinesPerSecond * 2; ++i) rate.admit(now, false);
    EXPECT_TRUE(rate.admit(now, true).admitted);
    EXPECT_FALSE(rate.admit(now, false).admitted);
}

TEST(LogRate, AClockThatGoesBackStartsANewSecond) {
    LogRate rate;
    const Timestamp now = from_unix_micros(5'000'000);
    for (std::uint64_t i = 0; i < LogRate::kLinesPerSecond * 2; ++i) rate.admit(now, false);
    EXPECT_TRUE(rate.admit(now - std::chrono::hours{1}, false).admitted);
}

}  // namespace
}  // namespace chorus
