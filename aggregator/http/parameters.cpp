#include "aggregator/http/parameters.h"

#include <algorithm>
#include <charconv>

#include "common/batch/batch.h"
#include "common/json/unknown_name.h"
#include "common/text.h"

namespace chorus::http {
namespace {

constexpr std::string_view kHostnamePattern = "^[A-Za-z0-9]([A-Za-z0-9._-]*)$";

Location in_query(std::string_view name) {
    return {std::string("query"), std::string(name)};
}

bool is_hostname(std::string_view text) {
    const auto alphanumeric = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return !text.empty() && alphanumeric(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

FieldError error_below(Location location, std::int64_t least) {
    return {"greater_than_equal",
            std::move(location),
            "Input should be greater than or equal to " + std::to_string(least),
            {{"ge", least}}};
}

FieldError error_above(Location location, std::int64_t most) {
    return {"less_than_equal",
            std::move(location),
            "Input should be less than or equal to " + std::to_string(most),
            {{"le", most}}};
}

FieldError error_too_long(Location location, std::size_t most) {
    return {"string_too_long",
            std::move(location),
            "String should have at most " + std::to_string(most) + " characters",
            {{"max_length", static_cast<std::int64_t>(most)}}};
}

FieldError error_pattern(Location location, std::string pattern) {
    const std::string message = "String should match pattern '" + pattern + "'";
    return {"string_pattern_mismatch", std::move(location), message, {{"pattern", pattern}}};
}

FieldError error_missing(Location location) {
    return {"missing", std::move(location), "Field required"};
}

void Parameters::refuse_unknown() {
    for (const auto& [name, value] : request_.query) {
        if (errors_.full()) return;
        const auto stem = name.ends_with(']') ? name.substr(0, name.find('[')) + "[KEY]" : name;
        if (std::find(known_.begin(), known_.end(), stem) != known_.end()) continue;
        errors_.add(unknown_name(in_query(name), "parameter", known_));
    }
}

void Parameters::throw_if_bad() {
    if (unknown_ == Unknown::refused) refuse_unknown();
    if (!errors_.empty()) throw ValidationError(errors_);
}

void refuse_parameters(const Request& request) {
    Parameters{request}.throw_if_bad();
}

std::optional<std::string_view> Parameters::single(std::string_view name) {
    known_.emplace_back(name);
    std::optional<std::string_view> found;
    for (const auto& [key, value] : request_.query) {
        if (key != name) continue;
        if (found) {
            errors_.add({"duplicate", in_query(name), "Parameter should be given once"});
            return std::nullopt;
        }
        found = value;
    }
    return found;
}

std::optional<std::int64_t> Parameters::optional_integer(std::string_view name, std::int64_t least,
                                                         std::int64_t most) {
    const auto value = single(name);
    if (!value) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    const bool whole = end == value->data() + value->size() && !value->empty();
    if (error == std::errc::result_out_of_range && whole) {
        errors_.add(value->starts_with('-') ? error_below(in_query(name), least)
                                            : error_above(in_query(name), most));
        return std::nullopt;
    }
    if (error != std::errc{} || !whole) {
        errors_.add({"int_parsing", in_query(name),
                     "Input should be a valid integer, unable to parse string as an integer"});
        return std::nullopt;
    }
    if (number < least) errors_.add(error_below(in_query(name), least));
    if (number > most) errors_.add(error_above(in_query(name), most));
    return number;
}

std::int64_t Parameters::integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                                 std::int64_t most) {
    return optional_integer(name, least, most).value_or(fallback);
}

std::int64_t Parameters::integer_of(std::initializer_list<std::string_view> names,
                                    std::int64_t fallback, std::int64_t least, std::int64_t most) {
    std::optional<std::int64_t> chosen;
    for (const auto name : names) {
        const auto value = optional_integer(name, least, most);
        if (!chosen) chosen = value;
    }
    return chosen.value_or(fallback);
}

// PostgreSQL's text cannot hold NUL.
void Parameters::check_text(std::string_view name, std::string_view value, std::size_t max_bytes) {
    if (value.size() > max_bytes) errors_.add(error_too_long(in_query(name), max_bytes));
    if (value.find('\0') != std::string_view::npos) {
        errors_.add({"string_nul", in_query(name), "String should not contain a NUL character"});
    }
}

void Parameters::check_count(std::string_view name, std::size_t count, std::size_t most) {
    if (count <= most) return;
    errors_.add({"too_long",
                 in_query(name),
                 "List should have at most " + std::to_string(most) + " items",
                 {{"max_length", static_cast<std::int64_t>(most)}}});
}

std::optional<std::string> Parameters::text(std::string_view name, std::size_t max_bytes) {
    const auto value = single(name);
    if (!value) return std::nullopt;
    check_text(name, *value, max_bytes);
    return std::string(*value);
}

std::vector<std::string> Parameters::texts(std::string_view name, std::size_t max_bytes,
                                           std::size_t max_count) {
    known_.emplace_back(name);
    std::vector<std::string> all;
    for (const auto& [key, list] : request_.query) {
        if (key != name) continue;
        for (const std::string_view value : split(list, ',')) {
            if (value.empty()) continue;
            check_text(name, value, max_bytes);
            all.emplace_back(value);
        }
    }
    check_count(name, all.size(), max_count);
    return all;
}

std::vector<NameValue> Parameters::pairs(std::string_view name, std::size_t max_bytes,
                                         std::size_t max_count) {
    known_.emplace_back(name);
    std::vector<NameValue> all;
    for (const auto& [key, pair] : request_.query) {
        if (key != name) continue;
        check_text(name, pair, max_bytes);
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) {
            errors_.add({"value_error", in_query(name), "Value error, give it as NAME=VALUE"});
            continue;
        }
        all.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    check_count(name, all.size(), max_count);
    return all;
}

std::vector<NameValue> Parameters::keyed(std::string_view name, std::size_t max_bytes,
                                         std::size_t max_count) {
    std::vector<NameValue> all;
    const std::string prefix = std::string(name) + '[';
    known_.push_back(prefix + "KEY]");
    for (const auto& [key, value] : request_.query) {
        if (!key.starts_with(prefix) || !key.ends_with(']')) continue;
        const std::string inner = key.substr(prefix.size(), key.size() - prefix.size() - 1);
        check_text(key, inner, max_bytes);
        check_text(key, value, max_bytes);
        all.emplace_back(inner, value);
    }
    check_count(name, all.size(), max_count);
    return all;
}

bool Parameters::boolean(std::string_view name, bool fallback) {
    const auto value = single(name);
    if (!value) return fallback;
    for (const char* yes : {"true", "1", "yes", "on"}) {
        if (equals_ignoring_case(*value, yes)) return true;
    }
    for (const char* no : {"false", "0", "no", "off"}) {
        if (equals_ignoring_case(*value, no)) return false;
    }
    errors_.add({"bool_parsing", in_query(name),
                 "Input should be a valid boolean, unable to interpret input"});
    return fallback;
}

std::optional<Timestamp> Parameters::timestamp(std::string_view name) {
    const auto value = single(name);
    if (!value) return std::nullopt;
    auto time = parse_timestamp(*value);
    if (!time) {
        errors_.add({"datetime_from_date_parsing", in_query(name),
                     "Input should be a valid datetime such as 2026-01-15T10:30:45Z"});
    }
    return time;
}

std::optional<std::string> Parameters::choice(std::string_view name,
                                              const std::vector<std::string>& choices) {
    const auto value = single(name);
    if (!value) return std::nullopt;
    if (std::find(choices.begin(), choices.end(), *value) == choices.end()) {
        std::string pattern = "^(";
        for (const auto& c : choices) pattern += (pattern.size() > 2 ? "|" : "") + c;
        errors_.add(error_pattern(in_query(name), pattern + ")$"));
    }
    return std::string(*value);
}

std::string Parameters::check_hostname(std::string_view where, std::string_view name,
                                       std::string_view value) {
    const Location location{std::string(where), std::string(name)};
    if (value.size() > limits::kHostnameBytes) {
        errors_.add(error_too_long(location, limits::kHostnameBytes));
    } else if (!is_hostname(value)) {
        errors_.add(error_pattern(location, std::string(kHostnamePattern)));
    }
    return std::string(value);
}

std::string Parameters::path_hostname(std::string_view name) {
    return check_hostname("path", name, request_.path_parameter(name));
}

std::optional<std::string> Parameters::hostname(std::string_view name) {
    const auto value = single(name);
    if (!value) return std::nullopt;
    return check_hostname("query", name, *value);
}

Uuid Parameters::path_uuid(std::string_view name) {
    const auto id = Uuid::parse(request_.path_parameter(name));
    if (!id) {
        errors_.add({"uuid_parsing", Location{std::string("path"), std::string(name)},
                     "Input should be a valid UUID"});
    }
    return id.value_or(Uuid{});
}

}  // namespace chorus::http
