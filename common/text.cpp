#include "common/text.h"

#include <algorithm>

#include "common/edit_distance.h"

namespace chorus {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

bool continuation(std::string_view text, std::size_t i) {
    return i < text.size() && (byte_at(text, i) & 0xC0U) == 0x80U;
}

// C0, DEL, C1 and U+2028, U+2029; of one whole character.
bool is_control(std::string_view c) {
    if (c.size() == 1) return byte_at(c, 0) < ' ' || c == "\x7F";
    return (c.size() == 2 && byte_at(c, 0) == 0xC2 && byte_at(c, 1) < 0xA0) ||
           c == "\xE2\x80\xA8" || c == "\xE2\x80\xA9";
}

// U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
bool is_directional(std::string_view c) {
    if (c == "\xD8\x9C") return true;
    if (c.size() != 3 || byte_at(c, 0) != 0xE2) return false;
    const unsigned last = byte_at(c, 2);
    if (byte_at(c, 1) == 0x80) {
        return last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE);
    }
    return byte_at(c, 1) == 0x81 && last >= 0xA6 && last <= 0xA9;
}

void append_hex(std::string& out, std::string_view bytes) {
    constexpr std::string_view hex = "0123456789abcdef";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        out += "\\x";
        out += hex[byte_at(bytes, i) >> 4U];
        out += hex[byte_at(bytes, i) & 15U];
    }
}

// The text without its middle, cut between characters.
std::string without_middle(std::string_view text, std::size_t most) {
    constexpr std::string_view gap = "\xE2\x80\xA6";  // U+2026
    const std::size_t half = (most - gap.size()) / 2;
    std::size_t head = half, tail = text.size() - half;
    while (head > 0 && continuation(text, head)) --head;
    while (continuation(text, tail)) ++tail;
    return std::string(text.substr(0, head)).append(gap).append(text.substr(tail));
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::size_t kMostWordBytes = 256;  // no name is longer; more would cost time

std::vector<std::string_view> parts(std::string_view name) {
    std::vector<std::string_view> all;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t end = std::min(name.find_first_of("_-.[", at), name.size());
        if (end > at) all.push_back(name.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

bool begins_alike(std::string_view a, std::string_view b) {
    const std::size_t shorter = std::min(a.size(), b.size());
    return shorter >= 2 && equals_ignoring_case(a.substr(0, shorter), b.substr(0, shorter));
}

// How much two names have in common by their parts, 0 to 1.
double common_parts(std::string_view a, std::string_view b) {
    const auto of_a = parts(a);
    const auto of_b = parts(b);
    const auto same = std::count_if(of_a.begin(), of_a.end(), [&](std::string_view part) {
        return std::any_of(of_b.begin(), of_b.end(),
                           [&](std::string_view other) { return begins_alike(part, other); });
    });
    return 2.0 * static_cast<double>(same) /
           static_cast<double>(std::max<std::size_t>(of_a.size() + of_b.size(), 1));
}

std::optional<std::string> nearest_by_parts(std::string_view word,
                                            const std::vector<std::string>& candidates) {
    std::optional<std::string> best;
    double most = 0.6;
    for (const auto& candidate : candidates) {
        const double common = common_parts(word, candidate);
        if (common <= most) continue;
        most = common;
        best = candidate;
    }
    return best;
}

}  // namespace

std::size_t utf8_sequence_length(std::string_view text) {
    if (text.empty()) return 0;
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return continuation(text, 1) ? 2 : 0;
    if (!continuation(text, 1)) return 0;
    const unsigned second = byte_at(text, 1);
    if (first < 0xF0) {
        const bool overlong = first == 0xE0 && second < 0xA0;
        const bool surrogate = first == 0xED && second >= 0xA0;
        return !overlong && !surrogate && continuation(text, 2) ? 3 : 0;
    }
    const bool in_range = (first == 0xF0 && second >= 0x90) || (first > 0xF0 && first < 0xF4) ||
                          (first == 0xF4 && second < 0x90);
    return in_range && continuation(text, 2) && continuation(text, 3) ? 4 : 0;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence_length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return std::nullopt;
}

std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence_length(text.substr(at));
        const std::string_view character = text.substr(at, std::max<std::size_t>(length, 1));
        at += character.size();
        if (length == 0) {
            out += kReplacement;
        } else if (is_control(character)) {
            out += ' ';
        } else if (!is_directional(character)) {
            out += character;
        }
    }
    return out;
}

std::string repair_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence_length(text.substr(at));
        if (length == 0) {
            out += kReplacement;
            ++at;
        } else {
            out.append(text, at, length);
            at += length;
        }
    }
    return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    // Bytes 10xxxxxx go on with a character that began before.
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return text.substr(0, most);
}

std::string plain_name(std::string_view text, std::size_t most) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_sequence_length(text.substr(at));
        const std::string_view character = text.substr(at, std::max<std::size_t>(length, 1));
        at += character.size();
        if (length == 0 || is_control(character)) {
            append_hex(out, character);
        } else {
            out += character;
        }
    }
    return out.size() <= most ? out : without_middle(out, most);
}

bool is_plain_name(std::string_view text, std::size_t most) {
    if (text.size() > most) return false;
    for (std::size_t at = 0; at < text.size();) {
        const unsigned first = byte_at(text, at);
        if (first >= ' ' && first < 0x7F) {
            ++at;
            continue;
        }
        const std::size_t length = utf8_sequence_length(text.substr(at));
        if (length == 0 || is_control(text.substr(at, length))) return false;
        at += length;
    }
    return true;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) &&
            pattern[p] != '*') {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_glob(std::string_view pattern) {
    return pattern.find_first_of("*?") != std::string_view::npos;
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
    if (word.size() > kMostWordBytes) return std::nullopt;
    std::optional<std::string> best;
    // More changes than half the word's letters turn it into anything.
    std::size_t best_distance =
        std::min(std::max<std::size_t>(2, word.size() / 3), word.size() / 2) + 1;
    for (const auto& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best ? best : nearest_by_parts(word, candidates);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string_view otherwise) {
    const auto near = nearest(word, candidates);
    return near ? "; did you mean " + *near + "?" : "; " + std::string(otherwise);
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string out;
    for (const std::string& word : words) {
        if (!out.empty()) out += separator;
        out += word;
    }
    return out;
}

}  // namespace chorus
