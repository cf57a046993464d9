#include "common/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <mutex>

#include "common/clock.h"
#include "common/json_writer.h"
#include "common/log_rate.h"

namespace chorus {
namespace {

constexpr std::size_t kLongestText = 8U << 10U;
constexpr std::size_t kLongestLine = 64U << 10U;

constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warning", "error",
                                                      "critical"};
constexpr std::array<const char*, 5> kLevelColumns{"DEBUG", "INFO ", "WARN ", "ERROR", "CRIT "};

struct State {
    std::atomic<LogLevel> least{LogLevel::info};
    std::atomic<bool> text{false};
    std::atomic<int> fd{2};
    std::mutex mutex;  // protects `rate` and keeps lines whole
    LogRate rate;
};

State& state() {
    static State instance;
    return instance;
}

// A log that cannot be written must not stop the work it tells of.
void write_line(std::string line) {
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto written = ::write(state().fd, rest.data(), rest.size());
        if (written > 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

// At most kLongestText bytes and a mark, cut between two characters.
void append_bounded(std::string& out, std::string_view text) {
    if (text.size() <= kLongestText) return append_json_string(out, text);
    std::size_t end = kLongestText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    append_json_string(out, std::string(text.substr(0, end)) + "...(cut)");
}

// Whether a field still fits, with room for the mark that some did not.
bool fits(std::size_t line, const LogField& f) {
    constexpr std::size_t room = 64;
    return line + f.key().size() * 6 + f.json().size() + room <= kLongestLine;
}

std::string json_line(LogLevel level, std::string_view logger, std::string_view event,
                      std::initializer_list<LogField> fields, Timestamp now) {
    std::string bounded_event;
    append_bounded(bounded_event, event);
    JsonWriter out;
    out.begin_object()
        .field("timestamp", now)
        .field("level", kLevelNames[static_cast<std::size_t>(level)]);
    out.key("event").raw(bounded_event).field("logger", logger);
    for (const LogField& f : fields) {
        if (!fits(out.text().size(), f)) {
            out.field("cut", true);
            break;
        }
        out.key(f.key()).raw(f.json());
    }
    out.end_object();
    return out.take();
}

// As in a JSON string, but without the quotes.
void append_harmless(std::string& out, std::string_view text) {
    std::string quoted;
    append_bounded(quoted, text);
    out.append(quoted, 1, quoted.size() - 2);
}

// "10:30:45.123 INFO  ingest: Batch stored seq=3"; texts keep their escapes and values their
// quotes, so nothing from outside can forge a line or move the cursor.
std::string text_line(LogLevel level, std::string_view logger, std::string_view event,
                      std::initializer_list<LogField> fields, Timestamp now) {
    std::string line = format_timestamp(now).substr(11, 12);
    line += ' ';
    line += kLevelColumns[static_cast<std::size_t>(level)];
    line += ' ';
    line += logger;
    line += ": ";
    append_harmless(line, event);
    for (const LogField& f : fields) {
        if (!fits(line.size(), f)) {
            line += " cut=true";
            break;
        }
        line += ' ';
        append_harmless(line, f.key());
        line += '=';
        line += f.json();
    }
    return line;
}

}  // namespace

LogField::LogField(std::string_view key, std::string_view text) : key_(key) {
    append_bounded(json_, text);
}

LogField::LogField(std::string_view key, double number) : key_(key) {
    // Three decimals are enough for durations and ratios, and keep lines readable; large numbers
    // have none to spare.
    const double shown = std::abs(number) < 1e12 ? std::round(number * 1000.0) / 1000.0 : number;
    json_ = JsonWriter{}.value(shown).text();
}

void configure_log(LogLevel least, LogFormat format, int fd) {
    State& s = state();
    s.least = least;
    s.fd = fd;
    s.text = format == LogFormat::text || (format == LogFormat::automatic && ::isatty(fd) == 1);
}

void log(LogLevel level, std::string_view logger, std::string_view event,
         std::initializer_list<LogField> fields) {
    State& s = state();
    if (level < s.least.load(std::memory_order_relaxed)) return;
    try {
        const auto format = s.text ? text_line : json_line;
        const std::lock_guard lock(s.mutex);
        // Read under the lock, so that the stamps of the lines ascend.
        const Timestamp now = SystemClock{}.now();
        const auto [admitted, dropped] = s.rate.admit(now, level == LogLevel::critical);
        if (dropped > 0) {
            write_line(format(LogLevel::warning, "log",
                              "Log lines dropped: more than the rate allows",
                              {{"dropped", dropped}}, now));
        }
        if (admitted) write_line(format(level, logger, event, fields, now));
    } catch (...) {  // NOLINT(bugprone-empty-catch): logging never throws, see the header
    }
}

}  // namespace chorus
