#include "agent/push/response_head.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace chorus::agent {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool read_status(std::string_view line, ResponseHead& head) {
    const auto status = parse_status_line(line);
    if (!status) return false;
    head.keeps_alive = line[7] == '1';
    head.status = *status;
    return true;
}

bool read_header(std::string_view name, std::string_view value, ResponseHead& head) {
    if (same_name(name, "Content-Length")) {
        const auto length = whole_number<std::size_t>(value);
        if (!length || (head.content_length && head.content_length != length)) return false;
        head.content_length = length;
    } else if (same_name(name, "Transfer-Encoding")) {
        return false;
    } else if (same_name(name, "Retry-After")) {
        head.retry_after = value;
    } else if (same_name(name, "Date")) {
        head.date = value;
    } else if (same_name(name, "Connection")) {
        head.keeps_alive = head.keeps_alive && !same_name(value, "close");
    }
    return true;
}

std::string_view next_line_of(std::string_view& text) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

std::optional<int> parse_status_line(std::string_view line) {
    constexpr std::string_view version = "HTTP/1.";
    if (!line.starts_with(version) || line.size() < 12 || line[8] != ' ') return std::nullopt;
    const auto status = whole_number<int>(line.substr(9, 3));
    if (!status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
    return status;
}

std::optional<ResponseHead> parse_response_head(std::string_view text) {
    ResponseHead head;
    if (!read_status(next_line_of(text), head)) return std::nullopt;
    while (!text.empty()) {
        const auto line = next_line_of(text);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        if (!read_header(line.substr(0, colon), trim(line.substr(colon + 1)), head)) {
            return std::nullopt;
        }
    }
    return head;
}

}  // namespace chorus::agent
