#include "common/services/service_request.h"

#include <algorithm>
#include <cstdint>

#include "common/base64.h"
#include "common/json/json_reader.h"
#include "common/text.h"

namespace chorus {

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
        request += "Authorization: Basic " + to_base64(url.user + ':' + url.password) + "\r\n";
    }
    return request + "\r\n";
}

}  // namespace chorus
