#include "agent/push/endpoint.h"

#include "common/http/url.h"

namespace chorus::agent {

std::variant<Endpoint, std::string> endpoint_of(std::string_view text, bool insecure_http) {
    const auto url = parse_url(text);
    if (!url || url->host.empty()) {
        return "aggregator-url: needs the form https://HOST:PORT or http://HOST:PORT";
    }
    const bool tls = url->scheme == "https";
    if (!tls && url->scheme != "http") return "aggregator-url: the scheme must be https or http";
    if (!tls && !is_loopback_host(url->host) && !insecure_http) {
        return "aggregator-url: " + url->host +
               " is not this host, and the token would cross the network in the clear; use https, "
               "or accept it with --insecure-http";
    }
    if (!url->user.empty() || !url->password.empty()) {
        return "aggregator-url: must not hold a user or password; the token goes to agent-token";
    }
    std::string path = url->path;
    while (path.ends_with('/')) path.pop_back();
    Endpoint endpoint;
    endpoint.host = url->host;
    endpoint.port = url->port.value_or(tls ? 443 : 80);
    endpoint.base_path = path;
    endpoint.tls = tls;
    return endpoint;
}

}  // namespace chorus::agent
