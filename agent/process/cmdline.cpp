#include "agent/process/cmdline.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::string_view kHidden = "***";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_sensitive(std::string_view name) {
    constexpr std::array<std::string_view, 11> words{
        "pass", "pwd", "token", "secret", "key", "auth", "cred", "jwt", "bearer", "dsn", "salt"};
    const std::string small = lower(name);
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return small.find(word) != std::string::npos;
    });
}

bool is_environment_name(std::string_view name) {
    return name.size() > 1 && std::all_of(name.begin(), name.end(), [](char c) {
               return is_upper(c) || is_digit(c) || c == '_';
           });
}

// Long runs of mixed letters and digits: base64, keys of clouds and forges, JWTs, hashes.
bool looks_like_a_key(std::string_view run) {
    constexpr std::size_t mixed_length = 21, hex_length = 32;
    bool digit = false, small = false, capital = false, hex = true;
    for (const char c : run) {
        digit = digit || is_digit(c);
        small = small || is_lower(c);
        capital = capital || is_upper(c);
        hex = hex && (is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'));
    }
    if (run.size() >= hex_length && hex && digit) return true;
    if (run.size() >= mixed_length && digit && small && capital) return true;
    for (const std::string_view prefix :
         {"AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xoxb-", "xoxp-",
          "sk_live_", "sk-", "eyJ"}) {
        if (run.starts_with(prefix) && run.size() >= 16) return true;
    }
    return false;
}

bool is_key_character(char c) {
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '+' || c == '_' || c == '-';
}

std::string hide_keys(std::string_view word) {
    std::string out;
    for (std::size_t i = 0; i < word.size();) {
        std::size_t end = i;
        while (end < word.size() && is_key_character(word[end])) ++end;
        const auto run = word.substr(i, end - i);
        if (looks_like_a_key(run)) {
            out += kHidden;
            while (end < word.size() && word[end] == '=') ++end;  // padding of base64
        } else {
            out += run;
        }
        if (end < word.size()) out += word[end++];
        i = end;
    }
    return out;
}

// "scheme://user:password@host": a user name without a password is shown unless it is a key.
std::string hide_url_password(std::string_view word) {
    const auto scheme = word.find("://");
    if (scheme == std::string_view::npos) return std::string(word);
    const auto start = scheme + 3;
    const auto host_end = word.find_first_of("/?#", start);
    const auto authority = word.substr(start, host_end - start);
    // A password may hold an unescaped slash or at sign: the last at sign of the word counts.
    const auto at = word.rfind('@');
    if (at == std::string_view::npos || at < start) return std::string(word);
    const auto colon = word.find(':', start);
    if (colon == std::string_view::npos || colon > at) {
        return authority.find('@') == std::string_view::npos ? std::string(word) : hide_keys(word);
    }
    return std::string(word.substr(0, colon + 1)) + std::string(kHidden) +
           std::string(word.substr(at));
}

// name=value pairs within a word, parted by what parts them in URLs and connection strings.
std::string hide_pairs(std::string_view whole) {
    constexpr std::string_view separators = "?&;,";
    const std::string without_password = hide_url_password(whole);
    const std::string_view word = without_password;
    std::string out;
    for (std::size_t i = 0; i <= word.size();) {
        auto end = word.find_first_of(separators, i);
        if (end == std::string_view::npos) end = word.size();
        const auto piece = word.substr(i, end - i);
        const auto equals = piece.find('=');
        const auto name = piece.substr(0, equals);
        if (equals != std::string_view::npos && (is_sensitive(name) || is_environment_name(name))) {
            out += name;
            out += '=';
            if (equals + 1 < piece.size()) out += kHidden;
        } else {
            out += hide_keys(piece);
        }
        if (end < word.size()) out += word[end];
        i = end + 1;
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, auto is_separator) {
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() && !is_separator(text[end])) ++end;
        if (end > i) parts.push_back(text.substr(i, end - i));
        i = end + 1;
    }
    return parts;
}

// RFC 7235 schemes, and what forges and tools call theirs.
bool is_scheme(std::string_view word) {
    const std::string small = lower(word);
    return small == "bearer" || small == "basic" || small == "token";
}

// What is to be done with the next word.
enum class Next { shown, hidden, hidden_unless_long_option, user };

bool has_open_quote(std::string_view value) {
    if (value.empty() || (value[0] != '"' && value[0] != '\'')) return false;
    return value.size() == 1 || value.back() != value[0];
}

class Redactor {
  public:
    // One argument, or one word of a script that is an argument.
    void add(std::string_view word) {
        if (!out_.empty()) out_ += ' ';
        if (quote_ != '\0') {
            if (word.back() == quote_) quote_ = '\0';
            out_ += kHidden;
            return;
        }
        const auto next = std::exchange(next_, Next::shown);
        if (next != Next::user && is_scheme(word)) {  // "Authorization: Bearer VALUE"
            out_ += word;
            next_ = Next::hidden;
            return;
        }
        const bool long_option = word.starts_with("--");
        if (next == Next::hidden || (next == Next::hidden_unless_long_option && !long_option)) {
            if (has_open_quote(word)) quote_ = word[0];
            out_ += kHidden;
        } else if (next == Next::user && word.find(':') != std::string_view::npos) {
            out_ += std::string(word.substr(0, word.find(':') + 1)) + std::string(kHidden);
        } else if (word.starts_with('-')) {
            add_option(word);
        } else {
            add_word(word);
        }
    }
    std::string take() { return std::move(out_); }

  private:
    void add_option(std::string_view word) {
        const auto equals = word.find_first_of("=:");
        const auto name = word.substr(0, equals);
        const bool sensitive = is_sensitive(name);
        if (sensitive && equals != std::string_view::npos) {
            const auto value = word.substr(equals + 1);
            if (has_open_quote(value)) quote_ = value[0];
            out_ += std::string(word.substr(0, equals + 1)) + std::string(kHidden);
        } else if (sensitive || word == "-p" || word == "-a") {  // sshpass, redis-cli
            out_ += word;
            next_ = Next::hidden_unless_long_option;
        } else if (word == "-u" || word == "--user") {  // curl
            out_ += word;
            next_ = Next::user;
        } else if (word.starts_with("-p") ||
                   (word.starts_with("-u") && word.find(':') != std::string_view::npos)) {
            out_ += std::string(word.substr(0, 2)) + std::string(kHidden);
        } else {
            out_ += hide_pairs(word);
        }
    }

    void add_word(std::string_view word) {
        // "X-Api-Key: value" and "password: value".
        const auto colon = word.find(':');
        const bool header =
            colon != std::string_view::npos && word.find("://") == std::string_view::npos;
        if (header && is_sensitive(word.substr(0, colon))) {
            out_ += word.substr(0, colon + 1);
            if (colon + 1 < word.size()) {
                out_ += kHidden;
            } else {
                next_ = Next::hidden;
            }
            return;
        }
        const auto equals = word.find('=');
        if (equals != std::string_view::npos && has_open_quote(word.substr(equals + 1)) &&
            (is_sensitive(word.substr(0, equals)) || is_environment_name(word.substr(0, equals)))) {
            quote_ = word[equals + 1];
        }
        out_ += hide_pairs(word);
    }

    std::string out_;
    Next next_ = Next::shown;
    char quote_ = '\0';  // a hidden value goes on up to this
};

std::string redact(const std::vector<std::string_view>& arguments) {
    Redactor redactor;
    bool hide_whole = false;
    for (const std::string_view argument : arguments) {
        // The value of a sensitive option is the whole next argument, blanks and all.
        const bool option = argument.starts_with('-');
        const bool sensitive =
            option && is_sensitive(argument.substr(0, argument.find_first_of("=:")));
        const bool whole = std::exchange(
            hide_whole, sensitive && argument.find_first_of("=:") == std::string_view::npos);
        if (sensitive || (whole && !argument.starts_with("--"))) {
            redactor.add(argument);
            continue;
        }
        for (const std::string_view word : split(argument, is_blank)) redactor.add(word);
    }
    return redactor.take();
}

std::string join(const std::vector<std::string_view>& arguments) {
    std::string out;
    for (const std::string_view argument : arguments) {
        if (!out.empty()) out += ' ';
        out += argument;
    }
    return out;
}

// Never inside of a character.
std::string cut(std::string text) {
    if (text.size() <= kCmdlineBytes) return text;
    std::size_t end = kCmdlineBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    return text;
}

}  // namespace

std::string readable_cmdline(std::string_view raw, CmdlineMode mode) {
    if (mode == CmdlineMode::none) return {};
    // More than is shown: what is cut off must not change what is hidden before it.
    raw = raw.substr(0, 16 * kCmdlineBytes);
    const auto arguments = split(raw, [](char c) { return c == '\0'; });
    std::string text = mode == CmdlineMode::full ? join(arguments) : redact(arguments);
    text = repair_utf8(text);
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    }
    return cut(std::move(text));
}

}  // namespace chorus::agent
