#include "common/timestamp.h"

#include <array>
#include <cstdio>

namespace chorus {
namespace {

using std::chrono::microseconds;

// Its text would need five digits, which RFC 3339 has no room for.
constexpr Timestamp kYear10000{
    std::chrono::sys_days{std::chrono::year{10'000} / std::chrono::January / 1}};

struct Civil {
    int year, month, day, hour, minute, second;
    std::int64_t micros;
};

Civil split(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count()),
            clock.subseconds().count()};
}

// Reads from the front of a text; every step answers whether it could.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool digits(std::size_t count, int& value) {
        if (rest_.size() < count) return false;
        value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (rest_[i] < '0' || rest_[i] > '9') return false;
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return true;
    }
    bool literal(char expected) { return one_of(std::string_view{&expected, 1}) != '\0'; }
    // The character taken, or NUL when the next one is not in `set`.
    char one_of(std::string_view set) {
        if (rest_.empty() || set.find(rest_.front()) == std::string_view::npos) return '\0';
        const char taken = rest_.front();
        rest_.remove_prefix(1);
        return taken;
    }
    bool done() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

bool read_fraction(Scanner& in, std::int64_t& micros) {
    std::int64_t scale = 100'000;
    int digit = 0;
    if (!in.digits(1, digit)) return false;
    do {
        micros += digit * scale;
        scale /= 10;
    } while (in.digits(1, digit));
    return true;
}

// Minutes east of UTC; no offset at all means UTC.
bool read_offset(Scanner& in, int& minutes) {
    minutes = 0;
    if (in.done() || in.one_of("Zz") != '\0') return in.done();
    const char sign = in.one_of("+- ");
    int hour = 0, minute = 0;
    if (sign == '\0' || !in.digits(2, hour)) return false;
    in.literal(':');
    if (!in.digits(2, minute) || hour > 23 || minute > 59) return false;
    minutes = (hour * 60 + minute) * (sign == '-' ? -1 : 1);
    return in.done();
}

}  // namespace

std::string format_timestamp(Timestamp time) {
    const Civil c = split(time);
    std::array<char, 64> buffer{};
    const int n = std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                c.year, c.month, c.day, c.hour, c.minute, c.second,
                                static_cast<int>(c.micros / 1000));
    return {buffer.data(), static_cast<std::size_t>(n)};
}

std::string format_timestamp_micros(Timestamp time) {
    const Civil c = split(time);
    std::array<char, 64> buffer{};
    const int n =
        std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", c.year,
                      c.month, c.day, c.hour, c.minute, c.second, static_cast<int>(c.micros));
    return {buffer.data(), static_cast<std::size_t>(n)};
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    Scanner in{text};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
    std::int64_t micros = 0;
    if (!in.digits(4, year) || !in.literal('-') || !in.digits(2, month) || !in.literal('-') ||
        !in.digits(2, day)) {
        return std::nullopt;
    }
    if (!in.done()) {
        if (in.one_of("Tt ") == '\0' || !in.digits(2, hour) || !in.literal(':') ||
            !in.digits(2, minute)) {
            return std::nullopt;
        }
        if (in.literal(':')) {
            if (!in.digits(2, second)) return std::nullopt;
            if (in.literal('.') && !read_fraction(in, micros)) return std::nullopt;
        }
        if (!read_offset(in, offset)) return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const Timestamp whole = Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
                            std::chrono::minutes{minute - offset} + std::chrono::seconds{second};
    // 23:59:60 UTC is a legal leap second; it is read as the following second, as POSIX time does.
    if (second == 60 && whole != std::chrono::floor<std::chrono::days>(whole)) return std::nullopt;
    if (whole < Timestamp{} || whole >= kYear10000) return std::nullopt;
    return whole + microseconds{micros};
}

}  // namespace chorus
