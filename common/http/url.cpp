#include "common/http/url.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace chorus {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Control characters would pass into a header, a connection string or a C string's end.
std::optional<std::string> decode_printable(std::string_view text) {
    auto decoded = percent_decode(text);
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (decoded && std::any_of(decoded->begin(), decoded->end(), control)) return std::nullopt;
    return decoded;
}

bool read_port(std::string_view text, std::optional<std::uint16_t>& port) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0) return false;
    port = value;
    return true;
}

bool read_user(std::string_view info, Url& url) {
    const auto colon = info.find(':');
    const auto user = decode_printable(info.substr(0, colon));
    const auto password = colon == std::string_view::npos
                              ? std::optional<std::string>{""}
                              : decode_printable(info.substr(colon + 1));
    if (!user || !password) return false;
    url.user = *user;
    url.password = *password;
    return true;
}

bool read_authority(std::string_view text, Url& url) {
    const auto at = text.rfind('@');
    if (at != std::string_view::npos) {
        if (!read_user(text.substr(0, at), url)) return false;
        text.remove_prefix(at + 1);
    }
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return false;
        url.host = std::string(text.substr(1, close - 1));
        text.remove_prefix(close + 1);
        return text.empty() || (text.front() == ':' && read_port(text.substr(1), url.port));
    }
    const auto colon = text.find(':');
    const auto host = decode_printable(text.substr(0, colon));
    if (!host) return false;
    url.host = *host;
    return colon == std::string_view::npos || read_port(text.substr(colon + 1), url.port);
}

bool read_query(std::string_view text, Url& url) {
    for (const std::string_view pair : split(text, '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto name = decode_printable(pair.substr(0, equals));
        const auto value = equals == std::string_view::npos
                               ? std::optional<std::string>{""}
                               : decode_printable(pair.substr(equals + 1));
        if (!name || !value) return false;
        url.query.emplace_back(*name, *value);
    }
    return true;
}

// RFC 3986, 3.1.
bool is_scheme(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
           });
}

// libpq has two such parameters, password and sslpassword, and decodes their names.
bool ends_with_password(std::string_view name) {
    constexpr std::string_view word = "password";
    constexpr std::size_t longest = 3 * word.size();  // with every letter encoded
    name.remove_prefix(name.size() - std::min(name.size(), longest));
    const auto decoded = percent_decode(name);
    return to_lower(name).ends_with(word) || (decoded && to_lower(*decoded).ends_with(word));
}

// The text with "***" for whatever stands between "password=" and the next '&'.
std::string redact_parameters(std::string_view text) {
    std::string out;
    for (const std::string_view part : split(text, '&')) {
        if (part.data() != text.data()) out += '&';
        auto equals = part.find('=');
        while (equals != std::string_view::npos && !ends_with_password(part.substr(0, equals))) {
            equals = part.find('=', equals + 1);
        }
        out += equals == std::string_view::npos ? std::string(part)
                                                : std::string(part.substr(0, equals + 1)) + "***";
    }
    return out;
}

}  // namespace

std::string_view Url::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return {};
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::optional<Url> parse_url(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return std::nullopt;
    }
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || !is_scheme(text.substr(0, scheme_end))) {
        return std::nullopt;
    }
    Url url;
    url.scheme = to_lower(text.substr(0, scheme_end));
    std::string_view rest = text.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const auto question = rest.find('?');
    if (question != std::string_view::npos) {
        if (!read_query(rest.substr(question + 1), url)) return std::nullopt;
        rest = rest.substr(0, question);
    }
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos) url.path = std::string(rest.substr(slash));
    if (!read_authority(rest.substr(0, slash), url)) return std::nullopt;
    return url;
}

std::string redact_url(std::string_view text) {
    std::string out(text);
    const auto scheme_end = out.find("://");
    const bool is_url = parse_url(text).has_value();
    std::size_t parameters = 0;
    if (scheme_end != std::string::npos) {
        const auto begin = scheme_end + 3;
        // In what is no URL a password may hold what ends an authority.
        const auto end = is_url ? out.find_first_of("/?#", begin) : std::string::npos;
        const auto at = out.rfind('@', end);
        const auto colon = out.find(':', begin);
        if (at != std::string::npos && at >= begin && colon < at) {
            out.replace(colon + 1, at - colon - 1, "***");
        }
        if (is_url) parameters = std::min(out.find('?', begin), out.size());
    }
    return out.substr(0, parameters) + redact_parameters(std::string_view(out).substr(parameters));
}

std::string_view host_of_authority(std::string_view authority) {
    const auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    return authority;
}

bool is_loopback_host(std::string_view host) {
    if (equals_ignoring_case(host, "localhost") || host == "::1") return true;
    if (!host.starts_with("127.")) return false;
    // Four numbers, so that "127.evil.example" is no loopback address.
    const auto parts = split(host, '.');
    if (parts.size() != 4) return false;
    for (const auto part : parts) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc{} || end != part.data() + part.size() || number > 255) return false;
    }
    return true;
}

std::string_view tls_name(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && host.front() != '.' &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '-' || c == '_';
           });
}

bool is_domain_name(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto dot = host.rfind('.');
    if (dot == std::string_view::npos) return false;
    const auto last = host.substr(dot + 1);
    return !equals_ignoring_case(last, "localhost") &&
           !std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string redact_urls_in(std::string_view json) {
    std::string out;
    for (const auto part : split(json, '"')) {
        if (!out.empty() || part.data() != json.data()) out += '"';
        out += part.find("://") == std::string_view::npos ? std::string(part) : redact_url(part);
    }
    return out;
}

}  // namespace chorus
