// Structured logs: JSON lines on a pipe or file, readable text on a terminal.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace chorus {

enum class LogLevel { debug, info, warning, error, critical };

// One key of a log line, e.g. {"duration_seconds", 2.34}.
class LogField {
  public:
    LogField(std::string_view key, std::string_view text);
    LogField(std::string_view key, const char* text) : LogField(key, std::string_view{text}) {}
    LogField(std::string_view key, const std::string& text)
        : LogField(key, std::string_view{text}) {}
    LogField(std::string_view key, double number);
    template <typename T>
    requires std::is_integral_v<T> LogField(std::string_view key, T number) : key_(key) {
        if constexpr (std::is_same_v<T, bool>) {
            json_ = number ? "true" : "false";
        } else {
            json_ = std::to_string(number);
        }
    }
    const std::string& key() const { return key_; }
    const std::string& json() const { return json_; }

  private:
    std::string key_;
    std::string json_;  // the value as JSON
};

enum class LogFormat { automatic, json, text };  // automatic: text on a terminal, JSON elsewhere

// Sets what the whole process logs; called once by main. Lines go to `fd`, one write(2) each.
void configure_log(LogLevel least, LogFormat format, int fd = 2);

// Writes {"timestamp":…,"level":…,"event":…,"logger":…,fields…}. Thread-safe; never throws; control
// characters and invalid UTF-8 are made harmless, texts above 8 KiB are cut, and a line above 64
// KiB ends with "cut":true in place of its last fields. Never pass a secret.
void log(LogLevel level, std::string_view logger, std::string_view event,
         std::initializer_list<LogField> fields = {});

// A named source of log lines: `const Logger log{"ingest"}; log.info("Batch stored", {{"seq",
// 3}});`
class Logger {
  public:
    explicit constexpr Logger(std::string_view name) : name_(name) {}
    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        log(LogLevel::debug, name_, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        log(LogLevel::info, name_, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        log(LogLevel::warning, name_, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        log(LogLevel::error, name_, event, fields);
    }

  private:
    std::string_view name_;
};

}  // namespace chorus
