#include "aggregator/http/request_line.h"

#include <algorithm>

#include "common/http/url.h"
#include "common/text.h"

namespace chorus::http {
namespace {

std::optional<Method> known_method(std::string_view name) {
    for (const Method m : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                           Method::del, Method::options}) {
        if (to_string(m) == name) return m;
    }
    return std::nullopt;
}

std::optional<HeadError> read_method(std::string_view name, Head& head) {
    if (const auto method = known_method(name)) {
        head.request.method = *method;
        return std::nullopt;
    }
    if (name == "TRACE" || name == "CONNECT") {
        return HeadError{405,
                         "method_not_allowed",
                         "Method Not Allowed",
                         {{"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}}};
    }
    if (!is_token(name)) return bad_request("malformed_request", "The request line is malformed");
    return HeadError{501, "method_not_implemented", "This method is not known here"};
}

std::optional<HeadError> read_version(std::string_view text, Head& head) {
    if (text == "HTTP/1.1") return std::nullopt;
    if (text == "HTTP/1.0") {
        head.http_1_0 = true;
        head.keep_alive = false;
        return std::nullopt;
    }
    if (!text.starts_with("HTTP/")) {
        return bad_request("http_version", "The request line must end with HTTP/1.1");
    }
    return HeadError{505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here"};
}

// Decodes each segment once; dot segments, NUL and a hidden slash never reach a handler.
std::optional<std::string> decode_path(std::string_view raw) {
    std::string path;
    for (const std::string_view segment : split(raw.substr(1), '/')) {
        const auto decoded = percent_decode(segment);
        if (!decoded || *decoded == "." || *decoded == "..") return std::nullopt;
        if (decoded->find('/') != std::string::npos ||
            std::any_of(decoded->begin(), decoded->end(), is_control) ||
            find_invalid_utf8(*decoded)) {
            return std::nullopt;
        }
        path += '/';
        path += *decoded;
    }
    return path;
}

std::optional<HeadError> read_target(std::string_view target, Head& head) {
    if (target.size() > kLongestTarget) {
        return target_too_long();
    }
    // Absolute form (a proxy's): the authority is not looked at, Host is.
    if (target.starts_with("http://")) {
        const auto slash = target.find('/', 7);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (target == "*" && head.request.method == Method::options) target = "/";
    // A fragment is never sent (RFC 9112 section 3.2); a blank was cut at already.
    const auto allowed = [](char c) { return !is_control(c) && c != '#'; };
    if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), allowed)) {
        return bad_request("invalid_path", "The path is not valid");
    }
    head.request.target = std::string(target);
    const auto question = target.find('?');
    const auto path = decode_path(target.substr(0, question));
    if (!path) return bad_request("invalid_path", "The path is not valid");
    head.request.path = *path;
    if (question != std::string_view::npos) {
        auto query = parse_query(target.substr(question + 1));
        if (!query) return bad_request("invalid_query", "The query has bad percent-encoding");
        head.request.query = std::move(*query);
    }
    return std::nullopt;
}

}  // namespace

HeadError target_too_long() {
    return {414, "uri_too_long",
            "The URI is longer than " + std::to_string(kLongestTarget) + " bytes"};
}

bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::optional<HeadError> read_request_line(std::string_view line, Head& head) {
    if (line.starts_with("PRI * HTTP/2")) {
        return HeadError{505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    const auto parts = split(line, ' ');
    if (parts.size() != 3) {
        const bool http_0_9 = parts.size() == 2 && parts[0] == "GET";
        return bad_request(http_0_9 ? "http_version" : "malformed_request",
                           "The request line must be `METHOD PATH HTTP/1.1`");
    }
    if (auto error = read_version(parts[2], head)) return error;
    if (auto error = read_method(parts[0], head)) return error;
    return read_target(parts[1], head);
}

std::optional<std::vector<NameValue>> parse_query(std::string_view text) {
    std::vector<NameValue> query;
    for (const std::string_view pair : split(text, '&')) {
        if (pair.empty()) continue;
        std::string spaced(pair);
        std::replace(spaced.begin(), spaced.end(), '+', ' ');
        const auto equals = spaced.find('=');
        const std::string_view whole = spaced;
        const auto name = percent_decode(whole.substr(0, equals));
        const auto value = equals == std::string::npos ? std::optional<std::string>{""}
                                                       : percent_decode(whole.substr(equals + 1));
        if (!name || !value || find_invalid_utf8(*name) || find_invalid_utf8(*value)) {
            return std::nullopt;
        }
        query.emplace_back(*name, *value);
    }
    return query;
}

}  // namespace chorus::http
