#include "aggregator/http/response_bytes.h"

#include <ctime>

namespace chorus::http {
namespace {

// "Thu, 15 Jan 2026 10:30:45 GMT" (RFC 9110 section 5.6.7); made once a second per thread.
const std::string& http_date() {
    thread_local std::time_t made_for = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != made_for) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        text.resize(40);
        text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
        made_for = now;
    }
    return text;
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

std::string to_bytes(const Response& response, WireForm form) {
    // These two never have a body, whatever the handler left there (RFC 9112 section 6.3).
    const bool bodiless = response.status == 204 || response.status == 304;
    std::string out;
    out.reserve(512 + response.body.size());
    out += form.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\n";
    add_header(out, "Date", http_date());
    if (response.take_over) {
        add_header(out, "Content-Type", response.content_type);
    } else if (!bodiless) {
        if (!response.body.empty()) add_header(out, "Content-Type", response.content_type);
        add_header(out, "Content-Length", std::to_string(response.body.size()));
    }
    for (const auto& [name, value] : response.headers) add_header(out, name, value);
    if (!form.keep_alive) {
        add_header(out, "Connection", "close");
    } else if (form.http_1_0) {
        add_header(out, "Connection", "keep-alive");
    }
    out += "\r\n";
    if (!form.head_only && !bodiless) out += response.body;
    return out;
}

}  // namespace chorus::http
