#include "agent/push/endpoint.h"

#include "common/url.h"

namespace chorus::agent {

std::variant<Endpoint, std::string> endpoint_of(std::string_view text, bool insecure_http) {
    const auto url = parse_url(text);
    if (!url || url->host.empty()) {
        return "aggregator-url: needs the form http://HOST:PORT";
    }
    if (url->scheme == "https") {
        return "aggregator-url: this build speaks plain HTTP only; put a TLS-terminating tunnel or "
               "proxy (stunnel, nginx, ssh -L) on this host's loopback address and name that";
    }
    if (url->scheme != "http") return "aggregator-url: the scheme must be http";
    if (!is_loopback_host(url->host) && !insecure_http) {
        return "aggregator-url: " + url->host +
               " is not this host, and the token would cross the network in the clear; use a "
               "tunnel on loopback, or accept it with --insecure-http";
    }
    if (!url->user.empty() || !url->password.empty()) {
        return "aggregator-url: must not hold a user or password; the token goes to agent-token";
    }
    std::string path = url->path;
    while (path.ends_with('/')) path.pop_back();
    return Endpoint{.host = url->host, .port = url->port.value_or(80), .base_path = path};
}

}  // namespace chorus::agent
