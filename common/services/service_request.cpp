#include "common/services/service_request.h"

#include <algorithm>
#include <cstdint>

#include "common/text.h"

namespace chorus {
namespace {

// RFC 4648, section 4.
std::string base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 3) {
        const auto group = text.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            out += i <= group.size() ? alphabet[bits >> (18U - 6U * i) & 63U] : '=';
        }
    }
    return out;
}

}  // namespace

bool is_host_name(std::string_view host) {
    return !host.empty() && host.size() <= 253 && host.front() != '.' &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '.' || c == '-' || c == '_';
           });
}

bool contains(const std::vector<StatusRange>& ranges, int status) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const StatusRange& range) {
        return status >= range.first && status <= range.last;
    });
}

bool read_status_range(JsonValue value, std::vector<StatusRange>& ranges) {
    std::int64_t code = 0;
    std::string_view text;
    if (value.get_int64().get(code) == simdjson::SUCCESS && code >= 200 && code <= 599) {
        const int status = static_cast<int>(code);
        ranges.push_back({status, status});
    } else if (value.get_string().get(text) == simdjson::SUCCESS && text.size() == 3 &&
               text[0] >= '2' && text[0] <= '5' && to_lower(text.substr(1)) == "xx") {
        const int first = (text[0] - '0') * 100;
        ranges.push_back({first, first + 99});
    } else {
        return false;
    }
    return true;
}

std::string check_request(const Url& url, std::string_view text, std::string_view user_agent) {
    const auto begin = text.find("://") + 3;
    const auto path_at = text.find_first_of("/?#", begin);
    std::string target{path_at == std::string_view::npos
                           ? std::string_view{}
                           : text.substr(path_at, text.find('#', path_at) - path_at)};
    if (!target.starts_with('/')) target.insert(0, "/");
    const bool ipv6 = url.host.find(':') != std::string::npos;
    const std::string host = ipv6 ? '[' + url.host + ']' : url.host;
    std::string request = "GET " + target + " HTTP/1.1\r\nHost: " + host +
                          (url.port ? ':' + std::to_string(*url.port) : std::string()) +
                          "\r\nUser-Agent: " + std::string(user_agent) +
                          "\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
    if (!url.user.empty() || !url.password.empty()) {
        request += "Authorization: Basic " + base64(url.user + ':' + url.password) + "\r\n";
    }
    return request + "\r\n";
}

}  // namespace chorus
