#include "common/json/json_checks.h"

#include <algorithm>
#include <cstring>

#include "common/json_writer.h"

namespace chorus::json_checks {
namespace {

std::string number_text(double number) {
    return JsonWriter{}.value(number).take();
}

}  // namespace

Location Path::location() const {
    Location steps;
    for (const Path* at = this; at != nullptr; at = at->parent_) {
        if (at->index_ >= 0) {
            steps.emplace_back(at->index_);
        } else {
            steps.emplace_back(std::string(at->name_));
        }
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
}

void Checker::fail(const Path& at, std::string type, std::string message, ErrorContext context) {
    errors_.add({std::move(type), at.location(), std::move(message), std::move(context)});
}

void Checker::too_long(const Path& at, std::size_t maximum) {
    fail(at, "too_long", "List should have at most " + std::to_string(maximum) + " items",
         {{"max_length", static_cast<std::int64_t>(maximum)}});
}

void Checker::too_short(const Path& at, std::size_t minimum) {
    fail(at, "too_short",
         "List should have at least " + std::to_string(minimum) +
             (minimum == 1 ? " item" : " items"),
         {{"min_length", static_cast<std::int64_t>(minimum)}});
}

std::optional<std::int64_t> Checker::refuse_integer(JsonValue value, const Path& at,
                                                    IntegerRange range) {
    std::int64_t number = 0;
    if (value.is_uint64() && !value.is_int64()) {  // 2^63 and above
        if (range.greatest == std::numeric_limits<std::int64_t>::max()) {
            fail(at, "int_out_of_range", "Input should fit into 63 bits", {{"le", range.greatest}});
            return std::nullopt;
        }
        number = std::numeric_limits<std::int64_t>::max();
    } else if (value.get(number) != simdjson::SUCCESS) {
        fail(at, "int_type", "Input should be a valid integer");
        return std::nullopt;
    }
    if (number < range.least) {
        fail(at, "greater_than_equal",
             "Input should be greater than or equal to " + std::to_string(range.least),
             {{"ge", range.least}});
    } else {
        fail(at, "less_than_equal",
             "Input should be less than or equal to " + std::to_string(range.greatest),
             {{"le", range.greatest}});
    }
    return std::nullopt;
}

std::optional<double> Checker::refuse_real(JsonValue value, const Path& at, RealRange range) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) {
        fail(at, "float_type", "Input should be a valid number");
    } else if (number < range.least) {
        fail(at, "greater_than_equal",
             "Input should be greater than or equal to " + number_text(range.least),
             {{"ge", range.least}});
    } else {
        fail(at, "less_than_equal",
             "Input should be less than or equal to " + number_text(range.greatest),
             {{"le", range.greatest}});
    }
    return std::nullopt;
}

std::string_view Checker::text(JsonValue value, const Path& at, std::size_t maximum_bytes) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
        fail(at, "string_type", "Input should be a valid string");
        return {};
    }
    if (text.size() > maximum_bytes) {
        fail(at, "string_too_long",
             "String should have at most " + std::to_string(maximum_bytes) + " bytes",
             {{"max_length", static_cast<std::int64_t>(maximum_bytes)}});
        return {};
    }
    // PostgreSQL's text cannot hold it.
    if (!text.empty() && std::memchr(text.data(), '\0', text.size()) != nullptr) {
        fail(at, "string_nul", "String should not contain U+0000");
        return {};
    }
    return text;
}

std::optional<Uuid> Checker::uuid(JsonValue value, const Path& at) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        if (const auto id = Uuid::parse(text)) return id;
    }
    fail(at, "uuid_parsing", "Input should be a valid UUID");
    return std::nullopt;
}

std::optional<Timestamp> Checker::timestamp(JsonValue value, const Path& at) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        if (const auto time = parse_timestamp(text)) return time;
    }
    fail(at, "datetime_parsing", "Input should be a valid datetime (RFC 3339, years 1970 to 9999)");
    return std::nullopt;
}

std::optional<simdjson::dom::object> Checker::object(JsonValue value, const Path& at) {
    simdjson::dom::object object;
    if (value.get(object) == simdjson::SUCCESS) return object;
    fail(at, "dict_type", "Input should be a valid dictionary");
    return std::nullopt;
}

std::optional<simdjson::dom::array> Checker::array(JsonValue value, const Path& at) {
    simdjson::dom::array array;
    if (value.get(array) == simdjson::SUCCESS) return array;
    fail(at, "list_type", "Input should be a valid list");
    return std::nullopt;
}

}  // namespace chorus::json_checks
