#include "aggregator/net/http_exchange.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/base64.h"
#include "common/http/url.h"

namespace chorus::net {
namespace {

std::string head(const HttpTarget& target, const HttpRequest& request) {
    const bool ipv6 = target.host.find(':') != std::string::npos;
    std::string text = std::string(request.method) + " " + target.path + " HTTP/1.1\r\nHost: ";
    text += ipv6 ? "[" + target.host + "]" : target.host;
    if (target.port != (target.tls ? 443 : 80)) text += ":" + std::to_string(target.port);
    text += "\r\nUser-Agent: chorus-aggregator/" CHORUS_VERSION "\r\nConnection: close\r\n";
    if (request.method == "POST") {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    if (!target.authorization.empty()) text += "Authorization: " + target.authorization + "\r\n";
    for (const auto& [name, value] : request.headers) {
        text += std::string(name) + ": ";
        // Outside text must not end the line.
        for (const char c : value) text += c >= ' ' && c != '\x7F' ? c : ' ';
        text += "\r\n";
    }
    return text + "\r\n";
}

}  // namespace

HttpTarget parse_http_target(std::string_view text) {
    const auto url = parse_url(text);
    if (!url || (url->scheme != "http" && url->scheme != "https") || url->host.empty()) {
        throw std::invalid_argument("must be a URL like https://host/path");
    }
    HttpTarget target;
    target.tls = url->scheme == "https";
    target.host = url->host;
    target.port = url->port.value_or(target.tls ? 443 : 80);
    // From the first slash behind the authority, as it was written.
    const auto authority = text.find("://") + 3;
    const auto path = text.find_first_of("/?#", authority);
    target.path = path == std::string_view::npos ? "/" : std::string(text.substr(path));
    target.path = target.path.substr(0, target.path.find('#'));
    if (!target.path.starts_with('/')) target.path = "/" + target.path;
    if (std::any_of(target.path.begin(), target.path.end(),
                    [](char c) { return c <= ' ' || c == '\x7F'; })) {
        throw std::invalid_argument("must be a URL without spaces");
    }
    if (!url->user.empty()) {
        target.authorization = "Basic " + to_base64(url->user + ":" + url->password);
    }
    return target;
}

HttpHead http_exchange(const Network& network, const HttpTarget& target, const HttpRequest& request,
                       Stream::Deadline deadline) {
    Stream stream{network, target.host, target.port, deadline};
    if (target.tls) stream.start_tls(target.host);
    try {
        stream.write(head(target, request) + request.body);
    } catch (const StreamError&) {
        // A receiver may answer and hang up before it has read everything: its answer counts.
    }
    HttpHeadReader reader;
    std::array<char, 16'384> buffer{};
    for (;;) {
        const auto n = stream.read(buffer.data(), buffer.size());
        std::string_view bytes{buffer.data(), n};
        const auto state = n == 0 ? reader.end() : reader.feed(bytes);
        if (state == HttpHeadReader::State::broken) throw StreamError(reader.fault());
        if (state == HttpHeadReader::State::complete) return reader.head();
    }
}

}  // namespace chorus::net
