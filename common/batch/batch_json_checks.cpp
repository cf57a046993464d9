#include "common/batch/batch_json_checks.h"

#include <xxhash.h>

#include <algorithm>

#include "common/json_writer.h"
#include "common/text.h"

namespace chorus {
namespace {

std::string number_text(double number) {
    return JsonWriter{}.value(number).take();
}

std::string unknown_unless(const std::string& least, const std::string& greatest) {
    return "Input should be from " + least + " to " + greatest + "; it is stored as unknown";
}

}  // namespace

void BatchChecker::warn(const Path& at, std::string code, std::string message, JsonValue value) {
    // Beyond those that are kept they are only counted.
    warnings_.add(warnings_.full()
                      ? FieldError{}
                      : FieldError{std::move(code), at.location(), std::move(message)});
    also_set_aside(value);
}

void BatchChecker::also_set_aside(JsonValue value) {
    const std::string raw = simdjson::minify(value);
    set_aside_ = XXH3_64bits_withSeed(raw.data(), raw.size(), set_aside_ + 1);
}

void BatchChecker::pattern_mismatch(const Path& at, std::string_view pattern) {
    fail(at, "string_pattern_mismatch",
         "String should match pattern '" + std::string(pattern) + "'",
         {{"pattern", std::string(pattern)}});
}

std::optional<std::int64_t> BatchChecker::lenient_integer(JsonValue value, const Path& at,
                                                          json_checks::IntegerRange range) {
    std::int64_t number = 0;
    // No integer, or above 63 bits: nothing that this protocol has.
    if (value.get(number) != simdjson::SUCCESS) return integer(value, at, range);
    if (number >= range.least && number <= range.greatest) return number;
    warn(at, "out_of_range",
         unknown_unless(std::to_string(range.least), std::to_string(range.greatest)), value);
    return std::nullopt;
}

std::optional<double> BatchChecker::lenient_real(JsonValue value, const Path& at,
                                                 json_checks::RealRange range) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) return real(value, at, range);
    if (number >= range.least && number <= range.greatest) return number;
    warn(at, "out_of_range", unknown_unless(number_text(range.least), number_text(range.greatest)),
         value);
    return std::nullopt;
}

std::optional<Timestamp> BatchChecker::lenient_timestamp(JsonValue value, const Path& at) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return timestamp(value, at);
    if (const auto time = parse_timestamp(text)) return time;
    warn(at, "datetime_parsing",
         "Input should be a valid datetime (RFC 3339, years 1970 to 9999); it is left out", value);
    return std::nullopt;
}

std::string_view BatchChecker::cut_text(JsonValue value, const Path& at,
                                        std::size_t maximum_bytes) {
    const std::string_view whole = text(value, at, std::string_view::npos);
    if (whole.size() <= maximum_bytes) return whole;
    warn(at, "string_too_long",
         "String should have at most " + std::to_string(maximum_bytes) + " bytes; it is cut",
         value);
    return utf8_prefix(whole, maximum_bytes);
}

std::size_t BatchChecker::cut_list(JsonValue value, const Path& at, std::size_t maximum) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS || list.size() <= maximum) return maximum;
    warn(at, "too_long",
         "List should have at most " + std::to_string(maximum) + " items; the others are left out",
         value);
    return maximum;
}

}  // namespace chorus
