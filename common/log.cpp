#include "common/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <mutex>

#include "common/clock.h"
#include "common/json_writer.h"
#include "common/text.h"

namespace chorus {
namespace {

constexpr std::size_t kLongestLine = 64U << 10U;
constexpr std::uint64_t kLinesPerSecond = 1'000;

constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warning", "error",
                                                      "critical"};
constexpr std::array<const char*, 5> kLevelColumns{"DEBUG", "INFO ", "WARN ", "ERROR", "CRIT "};

struct State {
    std::atomic<LogLevel> least{LogLevel::info};
    std::atomic<bool> text{false};
    std::atomic<int> fd{2};
    std::mutex mutex;  // protects what is below and keeps lines whole
    std::int64_t second = 0;
    std::uint64_t lines_this_second = 0;
    std::uint64_t dropped = 0;
};

State& state() {
    static State instance;
    return instance;
}

void write_line(std::string line) {
    if (line.size() > kLongestLine) {
        line.resize(kLongestLine);
        line += "...(cut)";
    }
    line += '\n';
    // A log that cannot be written must not stop the work it tells of.
    [[maybe_unused]] const auto ignored = ::write(state().fd, line.data(), line.size());
}

std::string json_line(LogLevel level, std::string_view logger, std::string_view event,
                      std::initializer_list<LogField> fields, Timestamp now) {
    JsonWriter out;
    out.begin_object()
        .field("timestamp", now)
        .field("level", kLevelNames[static_cast<std::size_t>(level)])
        .field("event", event)
        .field("logger", logger);
    for (const LogField& f : fields) out.key(f.key()).raw(f.json());
    out.end_object();
    return out.take();
}

// "10:30:45.123 INFO  ingest: Batch stored seq=3"; strings keep their quotes and escapes, so
// nothing from outside can forge a line or move the cursor.
std::string text_line(LogLevel level, std::string_view logger, std::string_view event,
                      std::initializer_list<LogField> fields, Timestamp now) {
    std::string line = format_timestamp(now).substr(11, 12);
    line += ' ';
    line += kLevelColumns[static_cast<std::size_t>(level)];
    line += ' ';
    line += logger;
    line += ": ";
    line += event;
    for (const LogField& f : fields) {
        line += ' ';
        line += f.key();
        line += '=';
        line += f.json();
    }
    return line;
}

// At most kLinesPerSecond lines a second; what was left out is told in one line afterwards.
bool admit(Timestamp now, LogLevel level, std::uint64_t& dropped_before) {
    State& s = state();
    const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (second != s.second) {
        s.second = second;
        s.lines_this_second = 0;
        dropped_before = s.dropped;
        s.dropped = 0;
    }
    if (++s.lines_this_second <= kLinesPerSecond || level == LogLevel::critical) return true;
    ++s.dropped;
    return false;
}

}  // namespace

LogField::LogField(std::string_view key, std::string_view text) : key_(key) {
    append_json_string(json_, text);
}

LogField::LogField(std::string_view key, double number) : key_(key) {
    // Three decimals are enough for durations and ratios, and keep lines readable.
    json_ = JsonWriter{}.value(std::round(number * 1000.0) / 1000.0).text();
}

void LogField::set_boolean(std::string_view key, bool b) {
    key_ = key;
    json_ = b ? "true" : "false";
}

void LogField::set_integer(std::string_view key, std::int64_t n) {
    key_ = key;
    json_ = std::to_string(n);
}

void configure_log(LogLevel least, LogFormat format, int fd) {
    State& s = state();
    s.least = least;
    s.fd = fd;
    s.text = format == LogFormat::text || (format == LogFormat::automatic && ::isatty(fd) == 1);
}

void set_log_level(LogLevel least) {
    state().least = least;
}

void log(LogLevel level, std::string_view logger, std::string_view event,
         std::initializer_list<LogField> fields) {
    State& s = state();
    if (level < s.least.load(std::memory_order_relaxed)) return;
    try {
        const Timestamp now = SystemClock{}.now();
        const auto format = s.text ? text_line : json_line;
        const std::lock_guard lock(s.mutex);
        std::uint64_t dropped = 0;
        if (!admit(now, level, dropped)) return;
        if (dropped > 0) {
            write_line(format(LogLevel::warning, "log",
                              "Log lines dropped: more than the rate allows",
                              {{"dropped", dropped}}, now));
        }
        write_line(format(level, logger, event, fields, now));
    } catch (...) {  // NOLINT(bugprone-empty-catch): logging never throws, see the header
    }
}

}  // namespace chorus
