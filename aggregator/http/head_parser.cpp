#include "aggregator/http/head_parser.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"
#include "common/url.h"

namespace chorus::http {
namespace {

// RFC 9110 section 5.6.2.
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

HeadError bad(std::string code, std::string detail) {
    return {400, std::move(code), std::move(detail)};
}

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
    if (!is_token(name)) return bad("malformed_request", "The request line is malformed");
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
        return bad("http_version", "The request line must end with HTTP/1.1");
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
        return HeadError{414, "uri_too_long",
                         "The URI is longer than " + std::to_string(kLongestTarget) + " bytes"};
    }
    // Absolute form (a proxy's): the authority is not looked at, Host is.
    if (target.starts_with("http://")) {
        const auto slash = target.find('/', 7);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (target == "*" && head.request.method == Method::options) target = "/";
    const auto printable = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; };
    if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), printable)) {
        return bad("invalid_path", "The path is not valid");
    }
    head.request.target = std::string(target);
    const auto question = target.find('?');
    const auto path = decode_path(target.substr(0, question));
    if (!path) return bad("invalid_path", "The path is not valid");
    head.request.path = *path;
    if (question != std::string_view::npos) {
        auto query = parse_query(target.substr(question + 1));
        if (!query) return bad("invalid_query", "The query has bad percent-encoding");
        head.request.query = std::move(*query);
    }
    return std::nullopt;
}

std::optional<HeadError> read_request_line(std::string_view line, Head& head) {
    if (line.starts_with("PRI * HTTP/2")) {
        return HeadError{505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    const auto parts = split(line, ' ');
    if (parts.size() != 3) {
        const bool http_0_9 = parts.size() == 2 && parts[0] == "GET";
        return bad(http_0_9 ? "http_version" : "malformed_request",
                   "The request line must be `METHOD PATH HTTP/1.1`");
    }
    if (auto error = read_version(parts[2], head)) return error;
    if (auto error = read_method(parts[0], head)) return error;
    return read_target(parts[1], head);
}

std::optional<HeadError> read_header(std::string_view line, Head& head) {
    if (line.front() == ' ' || line.front() == '\t') {
        return bad("malformed_header", "A header line starts with a space (obsolete folding)");
    }
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
        return bad("malformed_header", "A header line has no valid name before its colon");
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return is_control(c) && c != '\t'; })) {
        return bad("malformed_header",
                   "The header " + std::string(name) + " holds a control character");
    }
    head.request.headers.emplace_back(to_lower(name), value);
    return std::nullopt;
}

std::size_t count(const Request& request, std::string_view name) {
    return static_cast<std::size_t>(std::count_if(request.headers.begin(), request.headers.end(),
                                                  [&](const auto& h) { return h.first == name; }));
}

// How long the body is, decided only where every reader must agree.
std::optional<HeadError> read_framing(Head& head) {
    const Request& r = head.request;
    const std::size_t lengths = count(r, "content-length");
    if (count(r, "transfer-encoding") > 0) {
        if (lengths > 0) {
            return bad("ambiguous_length",
                       "Content-Length and Transfer-Encoding exclude each other");
        }
        return HeadError{411, "length_required", "Send Content-Length; chunked bodies are refused"};
    }
    if (lengths == 0) return std::nullopt;
    const std::string_view text = r.header("content-length");
    std::uint64_t length = 0;
    const bool digits =
        !text.empty() && text.size() <= 12 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (lengths > 1 || !digits) {
        return bad("invalid_content_length", "Content-Length must be one decimal number");
    }
    std::from_chars(text.data(), text.data() + text.size(), length);
    head.content_length = length;
    return std::nullopt;
}

std::optional<HeadError> read_connection(Head& head) {
    const Request& r = head.request;
    const std::size_t hosts = count(r, "host");
    if (hosts > 1 || (hosts == 0 && !head.http_1_0)) {
        return bad("invalid_host", "Exactly one Host header is needed");
    }
    for (const auto& [name, value] : r.headers) {
        if (name != "connection") continue;
        for (const auto option : split(value, ',')) {
            if (equals_ignoring_case(trim(option), "close")) head.keep_alive = false;
            if (equals_ignoring_case(trim(option), "keep-alive") && head.http_1_0) {
                head.keep_alive = true;
            }
        }
    }
    head.expect_continue = equals_ignoring_case(r.header("expect"), "100-continue");
    return std::nullopt;
}

}  // namespace

std::size_t head_length(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<HeadError> check_incomplete_head(std::string_view bytes) {
    if (bytes.size() > kLongestTarget + 64 &&
        bytes.substr(0, kLongestTarget + 64).find('\n') == std::string_view::npos) {
        return bytes.find(' ') < 32 ? HeadError{414, "uri_too_long",
                                                "The URI is longer than " +
                                                    std::to_string(kLongestTarget) + " bytes"}
                                    : HeadError{431, "header_too_large", "A line without an end"};
    }
    if (bytes.size() > kLargestHead) {
        return HeadError{431, "header_too_large",
                         "The head is larger than " + std::to_string(kLargestHead) + " bytes"};
    }
    const auto newline = bytes.find('\n');
    if (newline != std::string_view::npos && (newline == 0 || bytes[newline - 1] != '\r')) {
        return bad("malformed_header", "Lines must end with CR LF");
    }
    // HTTP/0.9: a request line without a version is complete by itself.
    if (newline != std::string_view::npos && bytes.starts_with("GET ") &&
        bytes.substr(0, newline).find(" HTTP/") == std::string_view::npos) {
        return bad("http_version", "The request line must end with HTTP/1.1");
    }
    return std::nullopt;
}

std::optional<HeadError> parse_head(std::string_view bytes, Head& head) {
    if (bytes.size() > kLargestHead) {
        return HeadError{431, "header_too_large",
                         "The head is larger than " + std::to_string(kLargestHead) + " bytes"};
    }
    bytes.remove_suffix(4);
    bool first = true;
    for (std::size_t at = 0; at <= bytes.size();) {
        auto end = bytes.find("\r\n", at);
        if (end == std::string_view::npos) end = bytes.size();
        const std::string_view line = bytes.substr(at, end - at);
        if (line.find('\n') != std::string_view::npos ||
            line.find('\r') != std::string_view::npos) {
            return bad("malformed_header", "Lines must end with CR LF");
        }
        auto error = first ? read_request_line(line, head) : read_header(line, head);
        if (error) return error;
        first = false;
        at = end + 2;
    }
    if (auto error = read_framing(head)) return error;
    return read_connection(head);
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
