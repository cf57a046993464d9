#include "aggregator/http/head_parser.h"

#include <algorithm>
#include <charconv>

#include "aggregator/http/request_line.h"
#include "common/text.h"

namespace chorus::http {
namespace {

std::optional<HeadError> read_header(std::string_view line, Head& head) {
    if (line.front() == ' ' || line.front() == '\t') {
        return bad_request("malformed_header",
                           "A header line starts with a space (obsolete folding)");
    }
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
        return bad_request("malformed_header", "A header line has no valid name before its colon");
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
        value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return is_control(c) && c != '\t'; })) {
        return bad_request("malformed_header",
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
            return bad_request("ambiguous_length",
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
        return bad_request("invalid_content_length", "Content-Length must be one decimal number");
    }
    std::from_chars(text.data(), text.data() + text.size(), length);
    head.content_length = length;
    return std::nullopt;
}

// Name or address with an optional port; empty is allowed (RFC 9110 section 7.2).
bool is_host(std::string_view text) {
    constexpr std::string_view others = "-._~!$&'()*+,;=:[]%";
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != std::string_view::npos;
    });
}

std::optional<HeadError> read_connection(Head& head) {
    const Request& r = head.request;
    const std::size_t hosts = count(r, "host");
    if (hosts > 1 || (hosts == 0 && !head.http_1_0)) {
        return bad_request("invalid_host", "Exactly one Host header is needed");
    }
    if (!is_host(r.header("host")))
        return bad_request("invalid_host", "The Host header is not valid");
    for (const auto& [name, value] : r.headers) {
        if (name != "connection") continue;
        for (const auto option : split(value, ',')) {
            if (equals_ignoring_case(trim(option), "close")) head.keep_alive = false;
            if (equals_ignoring_case(trim(option), "keep-alive") && head.http_1_0) {
                head.keep_alive = true;
            }
        }
    }
    // A client of 1.0 would not understand the interim answer (RFC 9110 section 10.1.1).
    head.expect_continue =
        !head.http_1_0 && equals_ignoring_case(r.header("expect"), "100-continue");
    return std::nullopt;
}

HeadError head_too_large() {
    return {431, "header_too_large",
            "The head is larger than " + std::to_string(kLargestHead) + " bytes or has more than " +
                std::to_string(kMostHeaders) + " fields"};
}

bool has_bare_newline(std::string_view bytes) {
    for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
        if (at == 0 || bytes[at - 1] != '\r') return true;
    }
    return false;
}

}  // namespace

std::size_t head_length(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<HeadError> check_incomplete_head(std::string_view bytes) {
    // Not the beginning of a method, e.g. a TLS client's greeting.
    if (!bytes.empty() && bytes.front() != '\r' && !is_token(bytes.substr(0, 1))) {
        return bad_request(bytes.front() == '\n' ? "malformed_header" : "malformed_request",
                           "This is not an HTTP/1.1 request; TLS is not spoken on this port");
    }
    const auto newline = bytes.find('\n');
    if (newline == std::string_view::npos && bytes.size() > kLongestTarget + 64) {
        return bytes.find(' ') < 32 ? target_too_long()
                                    : HeadError{431, "header_too_large", "A line without an end"};
    }
    if (bytes.size() > kLargestHead) return head_too_large();
    if (has_bare_newline(bytes))
        return bad_request("malformed_header", "Lines must end with CR LF");
    // HTTP/0.9: a request line without a version is complete by itself.
    if (newline != std::string_view::npos && bytes.starts_with("GET ") &&
        bytes.substr(0, newline).find(" HTTP/") == std::string_view::npos) {
        return bad_request("http_version", "The request line must end with HTTP/1.1");
    }
    return std::nullopt;
}

std::optional<HeadError> parse_head(std::string_view bytes, Head& head) {
    if (bytes.size() > kLargestHead) return head_too_large();
    bytes.remove_suffix(4);
    bool first = true;
    for (std::size_t at = 0; at <= bytes.size();) {
        auto end = bytes.find("\r\n", at);
        if (end == std::string_view::npos) end = bytes.size();
        const std::string_view line = bytes.substr(at, end - at);
        if (line.find('\n') != std::string_view::npos ||
            line.find('\r') != std::string_view::npos) {
            return bad_request("malformed_header", "Lines must end with CR LF");
        }
        auto error = first ? read_request_line(line, head) : read_header(line, head);
        if (error) return error;
        if (head.request.headers.size() > kMostHeaders) return head_too_large();
        first = false;
        at = end + 2;
    }
    if (auto error = read_framing(head)) return error;
    return read_connection(head);
}

}  // namespace chorus::http
