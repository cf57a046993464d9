// Reads the members of one JSON object and collects faults. As in the original service, numbers may
// come as text and booleans as words.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/rules/rule_names.h"
#include "common/json/json_checks.h"

namespace chorus::alerts {

class FieldReader {
  public:
    FieldReader(simdjson::dom::object object, const json_checks::Path& at,
                json_checks::Checker& checker)
        : object_(object), at_(at), checker_(checker) {}

    bool has(std::string_view name);
    std::optional<JsonValue> find(std::string_view name);
    // Members that nobody asked for until now are unknown. Each is a fault that names the nearest
    // name.
    void refuse_others();
    void missing(std::string_view name) { checker_.missing(at_ / name); }
    void fail(std::string_view name, std::string type, const std::string& message) {
        checker_.fail(at_ / name, std::move(type), message);
    }

    // Each leaves `target` alone if the member is absent. null is a fault.
    void number(std::string_view name, double& target, json_checks::RealRange range);
    void number(std::string_view name, std::optional<double>& target, json_checks::RealRange range);
    void integer(std::string_view name, std::int64_t& target, json_checks::IntegerRange range);
    void minutes(std::string_view name, std::chrono::minutes& target,
                 json_checks::IntegerRange range);
    void boolean(std::string_view name, bool& target);
    // 1 to `most` characters.
    void text(std::string_view name, std::string& target, std::size_t most);
    void required_text(std::string_view name, std::string& target, std::size_t most);
    // The same for a pattern with a few `*` and `?`.
    void glob(std::string_view name, std::string& target);
    void glob(std::string_view name, std::optional<std::string>& target);
    void required_glob(std::string_view name, std::string& target);
    // An object of names and globs.
    void globs(std::string_view name, std::vector<std::pair<std::string, std::string>>& target);
    // Whether it is one of the names, or absent.
    template <typename Enum, std::size_t N>
    bool choice(std::string_view name, const Names<Enum, N>& names, Enum& target) {
        const auto value = find(name);
        if (!value) return true;
        if (const auto found = value_of(names, text_of(*value))) {
            target = *found;
            return true;
        }
        refuse_choice(name, *value, pattern_of(names));
        return false;
    }

  private:
    static std::string_view text_of(JsonValue value);
    void refuse_choice(std::string_view name, JsonValue value, std::string pattern);
    void check_glob(const json_checks::Path& at, std::string_view pattern);
    std::string checked_text(JsonValue value, const json_checks::Path& at, std::size_t most);

    simdjson::dom::object object_;
    const json_checks::Path& at_;
    json_checks::Checker& checker_;
    std::vector<std::string> known_;  // every name that was asked for
};

}  // namespace chorus::alerts
