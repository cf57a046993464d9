#include "common/settings/setting_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/http/url.h"
#include "common/text.h"

namespace chorus {
namespace {

template <typename T>
std::optional<T> parse(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// "30", "30s", "5m", "1h", "7d" in seconds.
std::optional<double> to_duration(std::string_view text) {
    double scale = 1;
    if (!text.empty()) {
        switch (text.back()) {
            case 's':
                break;
            case 'm':
                scale = 60;
                break;
            case 'h':
                scale = 3'600;
                break;
            case 'd':
                scale = 86'400;
                break;
            default:
                scale = 0;
        }
    }
    if (scale == 0) {
        scale = 1;
    } else if (!text.empty()) {
        text.remove_suffix(1);
    }
    const auto number = parse<double>(text);
    return number ? std::optional{*number * scale} : std::nullopt;
}

std::string shortest(double number) {
    if (number == std::floor(number) && std::abs(number) < 1e15) {
        return std::to_string(static_cast<std::int64_t>(number));
    }
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

// What is wrong with a number against the setting's bounds.
std::optional<std::string> check_bounds(const Setting& setting, double number) {
    if (!std::isfinite(number)) return "must be a finite number";
    if (setting.minimum && number < *setting.minimum) {
        return "must be at least " + shortest(*setting.minimum);
    }
    if (setting.maximum && number > *setting.maximum) {
        return "must be at most " + shortest(*setting.maximum);
    }
    return std::nullopt;
}

}  // namespace

std::optional<double> to_number(std::string_view text) {
    return parse<double>(text);
}

std::optional<bool> to_boolean(std::string_view text) {
    for (const char* yes : {"true", "1", "yes", "on"}) {
        if (equals_ignoring_case(text, yes)) return true;
    }
    for (const char* no : {"false", "0", "no", "off"}) {
        if (equals_ignoring_case(text, no)) return false;
    }
    return std::nullopt;
}

std::optional<std::string> check_value(const Setting& setting, std::string& value) {
    if (!setting.choices.empty() &&
        std::find(setting.choices.begin(), setting.choices.end(), value) == setting.choices.end()) {
        std::string all;
        for (const auto& choice : setting.choices) {
            if (choice.empty()) continue;
            all += all.empty() ? choice : ", " + choice;
        }
        return "must be one of " + all;
    }
    switch (setting.type) {
        case SettingType::text:
        case SettingType::json:
            return std::nullopt;
        case SettingType::integer: {
            const auto number = parse<std::int64_t>(value);
            if (!number) return "must be a whole number";
            return check_bounds(setting, static_cast<double>(*number));
        }
        case SettingType::number: {
            const auto number = parse<double>(value);
            return number ? check_bounds(setting, *number) : "must be a number";
        }
        case SettingType::boolean:
            if (!to_boolean(value)) return "must be true or false";
            return std::nullopt;
        case SettingType::duration_seconds: {
            const auto seconds = to_duration(value);
            if (!seconds) return "must be a duration such as 30, 30s, 5m or 1h";
            if (auto fault = check_bounds(setting, *seconds)) return *fault + " seconds";
            value = shortest(*seconds);
            return std::nullopt;
        }
        case SettingType::url:
            if (!value.empty() && !parse_url(value)) return "must be a URL like scheme://host:port";
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace chorus
