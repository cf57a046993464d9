#include "aggregator/rules/field_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/json/unknown_name.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

using json_checks::IntegerRange;
using json_checks::Path;
using json_checks::RealRange;

constexpr std::size_t kMostGlobBytes = 255;
// Each star may walk the whole text again.
constexpr std::ptrdiff_t kMostStars = 16;
constexpr std::size_t kMostPairs = 16;

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

// The original took "85.0" for 85.0.
std::optional<double> number_in(JsonValue value) {
    double number = 0;
    if (value.get(number) == simdjson::SUCCESS) return number;
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
    text = trim(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

}  // namespace

bool FieldReader::has(std::string_view name) {
    return find(name).has_value();
}

std::optional<JsonValue> FieldReader::find(std::string_view name) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
    JsonValue value;
    if (object_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

void FieldReader::refuse_others() {
    refuse_unknown(object_, at_, known_, checker_);
}

void FieldReader::number(std::string_view name, double& target, RealRange range) {
    std::optional<double> value;
    number(name, value, range);
    if (value) target = *value;
}

void FieldReader::number(std::string_view name, std::optional<double>& target, RealRange range) {
    const auto value = find(name);
    if (!value) return;
    const auto number = number_in(*value);
    if (!number) {
        fail(name, value->is_string() ? "float_parsing" : "float_type",
             "Input should be a valid number");
    } else if (*number < range.least || *number > range.greatest) {
        checker_.real(*value, at_ / name, range);  // words the fault, unless it came as text
        if (value->is_string()) fail(name, "value_error", "Input is outside of its range");
    } else {
        target = *number;
    }
}

void FieldReader::integer(std::string_view name, std::int64_t& target, IntegerRange range) {
    const auto value = find(name);
    if (!value) return;
    const auto number = number_in(*value);
    if (!number || *number != std::floor(*number)) {
        fail(name, value->is_string() ? "int_parsing" : "int_type",
             "Input should be a valid integer");
    } else if (*number < static_cast<double>(range.least)) {
        checker_.fail(at_ / name, "greater_than_equal",
                      "Input should be greater than or equal to " + std::to_string(range.least),
                      {{"ge", range.least}});
    } else if (*number > static_cast<double>(range.greatest)) {
        checker_.fail(at_ / name, "less_than_equal",
                      "Input should be less than or equal to " + std::to_string(range.greatest),
                      {{"le", range.greatest}});
    } else {
        target = static_cast<std::int64_t>(*number);
    }
}

void FieldReader::minutes(std::string_view name, std::chrono::minutes& target, IntegerRange range) {
    std::int64_t count = target.count();
    integer(name, count, range);
    target = std::chrono::minutes{count};
}

void FieldReader::boolean(std::string_view name, bool& target) {
    const auto value = find(name);
    if (!value) return;
    if (value->get(target) == simdjson::SUCCESS) return;
    const std::string text = to_lower(text_of(*value));
    const auto number = number_in(*value);
    if (text == "true" || text == "yes" || text == "on" || number == 1.0) {
        target = true;
    } else if (text == "false" || text == "no" || text == "off" || number == 0.0) {
        target = false;
    } else {
        fail(name, "bool_parsing", "Input should be a valid boolean");
    }
}

std::string FieldReader::checked_text(JsonValue value, const Path& at, std::size_t most) {
    const std::string_view text = checker_.text(value, at, most * 4);
    if (characters(text) > most) {
        checker_.fail(at, "string_too_long",
                      "String should have at most " + std::to_string(most) + " characters",
                      {{"max_length", static_cast<std::int64_t>(most)}});
        return {};
    }
    std::string_view given;
    if (value.get(given) == simdjson::SUCCESS && given.empty()) {
        checker_.fail(at, "string_too_short", "String should have at least 1 character",
                      {{"min_length", std::int64_t{1}}});
    }
    return std::string(text);
}

void FieldReader::text(std::string_view name, std::string& target, std::size_t most) {
    if (const auto value = find(name)) target = checked_text(*value, at_ / name, most);
}

void FieldReader::required_text(std::string_view name, std::string& target, std::size_t most) {
    has(name) ? text(name, target, most) : missing(name);
}

void FieldReader::check_glob(const Path& at, std::string_view pattern) {
    if (pattern.size() > kMostGlobBytes ||
        std::count(pattern.begin(), pattern.end(), '*') > kMostStars) {
        checker_.fail(at, "pattern_too_complex",
                      "Pattern should have at most 255 bytes and 16 stars");
    }
}

void FieldReader::glob(std::string_view name, std::string& target) {
    const auto value = find(name);
    if (!value) return;
    const std::string_view pattern = text_of(*value);
    if (value->is_string() && pattern.size() > kMostGlobBytes) {
        check_glob(at_ / name, pattern);
        return;
    }
    target = checked_text(*value, at_ / name, kMostGlobBytes);
    check_glob(at_ / name, target);
}

void FieldReader::glob(std::string_view name, std::optional<std::string>& target) {
    if (!has(name)) return;
    target.emplace();
    if (text_of(*find(name)).empty() && find(name)->is_string()) return;  // the empty label
    glob(name, *target);
}

void FieldReader::required_glob(std::string_view name, std::string& target) {
    has(name) ? glob(name, target) : missing(name);
}

void FieldReader::globs(std::string_view name,
                        std::vector<std::pair<std::string, std::string>>& target) {
    const auto value = find(name);
    if (!value) return;
    const Path at = at_ / name;
    const auto object = checker_.object(*value, at);
    if (!object) return;
    if (object->size() > kMostPairs) {
        checker_.too_long(at, kMostPairs);
        return;
    }
    for (const auto [key, pattern] : *object) {
        const Path here = at / key;
        target.emplace_back(std::string(key), checked_text(pattern, here, kMostGlobBytes));
        check_glob(here, target.back().second);
    }
}

std::string_view FieldReader::text_of(JsonValue value) {
    std::string_view text;
    return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

void FieldReader::refuse_choice(std::string_view name, JsonValue value, std::string pattern) {
    if (!value.is_string()) {
        fail(name, "string_type", "Input should be a valid string");
        return;
    }
    checker_.fail(at_ / name, "string_pattern_mismatch",
                  "String should match pattern '" + pattern + "'", {{"pattern", pattern}});
}

}  // namespace chorus::alerts
