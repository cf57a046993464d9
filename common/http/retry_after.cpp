#include "common/http/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "common/text.h"

namespace chorus {
namespace {

using std::chrono::seconds;

std::optional<int> number(std::string_view text, std::size_t least, std::size_t most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.size() < least || text.size() > most || error != std::errc{} ||
        end != text.data() + text.size() || value < 0) {
        return std::nullopt;
    }
    return value;
}

std::optional<unsigned> month(std::string_view name) {
    constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<unsigned>(found - names.begin()) + 1;
}

// "08:49:37"
std::optional<seconds> time_of_day(std::string_view text) {
    const auto parts = split(text, ':');
    if (parts.size() != 3) return std::nullopt;
    const auto hour = number(parts[0], 2, 2);
    const auto minute = number(parts[1], 2, 2);
    const auto second = number(parts[2], 2, 2);
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return seconds{*hour * 3'600 + *minute * 60 + *second};
}

std::optional<Timestamp> moment(std::optional<int> year, std::optional<unsigned> month,
                                std::optional<int> day, std::optional<seconds> time) {
    if (!year || !month || !day || !time) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + *time;
}

// Two digits of RFC 850 are the year nearest to now that is not 50 years ahead.
std::optional<int> long_year(std::optional<int> year, Timestamp now) {
    if (!year) return std::nullopt;
    const int current = static_cast<int>(
        std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)}.year());
    const int guess = current - current % 100 + *year;
    return guess > current + 50 ? guess - 100 : guess;
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    for (const auto word : split(text, ' ')) {
        if (!word.empty()) all.push_back(word);
    }
    return all;
}

}  // namespace

std::optional<Timestamp> parse_http_date(std::string_view text, Timestamp now) {
    const auto parts = words(text);
    // Sun, 06 Nov 1994 08:49:37 GMT
    if (parts.size() == 6 && parts[0].ends_with(',') && parts[5] == "GMT") {
        return moment(number(parts[3], 4, 4), month(parts[2]), number(parts[1], 1, 2),
                      time_of_day(parts[4]));
    }
    // Sunday, 06-Nov-94 08:49:37 GMT
    if (parts.size() == 4 && parts[0].ends_with(',') && parts[3] == "GMT") {
        const auto date = split(parts[1], '-');
        if (date.size() != 3) return std::nullopt;
        return moment(long_year(number(date[2], 2, 2), now), month(date[1]), number(date[0], 2, 2),
                      time_of_day(parts[2]));
    }
    // Sun Nov  6 08:49:37 1994
    if (parts.size() == 5) {
        return moment(number(parts[4], 4, 4), month(parts[1]), number(parts[2], 1, 2),
                      time_of_day(parts[3]));
    }
    return std::nullopt;
}

std::optional<seconds> retry_after(const HttpHead& head, Timestamp now, seconds most) {
    const std::string_view text = head.retry_after;
    if (text.empty()) return std::nullopt;
    if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        std::int64_t wait = 0;
        const auto error = std::from_chars(text.data(), text.data() + text.size(), wait).ec;
        return error != std::errc{} ? most : std::min(most, seconds{wait});
    }
    const auto until = parse_http_date(text, now);
    if (!until) return std::nullopt;
    const auto from = parse_http_date(head.date, now).value_or(now);
    return std::clamp(std::chrono::ceil<seconds>(*until - from), seconds{0}, most);
}

}  // namespace chorus
