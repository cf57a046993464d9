// Walks over the kernel's line-and-column text without copying it.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace chorus::agent {

// Takes the next line off `text`, without its line feed. nullopt at the end.
inline std::optional<std::string_view> next_line(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

// Takes the next word off `line`; words are parted by blanks and tabs. Empty at the end.
inline std::string_view next_word(std::string_view& line) {
    // Written by hand: find_first_of calls memchr for each byte, and a cycle reads thousands of
    // words.
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    std::size_t start = 0;
    while (start < line.size() && blank(line[start])) ++start;
    std::size_t end = start;
    while (end < line.size() && !blank(line[end])) ++end;
    const auto word = line.substr(start, end - start);
    line.remove_prefix(end);
    return word;
}

// The whole of `word` as a number; nullopt if it is anything else or does not fit.
template <typename T>
std::optional<T> parse_number(std::string_view word) {
    T number{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

template <typename T>
std::optional<T> next_number(std::string_view& line) {
    return parse_number<T>(next_word(line));
}

}  // namespace chorus::agent
