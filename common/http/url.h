// URLs as configuration and clients need them: split, decoded, and safe to show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chorus {

struct Url {
    std::string scheme;          // lower case
    std::string user, password;  // decoded
    std::string host;            // without brackets; empty for socket URLs
    std::optional<std::uint16_t> port;
    std::string path;                                        // as written, with its leading slash
    std::vector<std::pair<std::string, std::string>> query;  // decoded

    // First value of a query parameter, empty if it is absent.
    std::string_view parameter(std::string_view name) const;
};

// scheme://[user[:password]@]host[:port][/path][?query]. nullopt if the text has no scheme, a bad
// port, bad percent-encoding or control characters, encoded ones among them but for the path.
std::optional<Url> parse_url(std::string_view text);

std::optional<std::string> percent_decode(std::string_view text);

// The text with the passwords in its authority and query replaced by ***; for logs and
// --print-config.
std::string redact_url(std::string_view text);

// The same for every string of a JSON text.
std::string redact_urls_in(std::string_view json);

// The host of "host[:port]", as the Host header has it; an IPv6 address without its brackets.
std::string_view host_of_authority(std::string_view authority);

// localhost, 127.0.0.0/8 and ::1, by their text alone: names are not resolved.
bool is_loopback_host(std::string_view host);

// The host as TLS names it: without the dot that ends a name which is not to be completed
// (RFC 6066, 3); certificates have none either.
std::string_view tls_name(std::string_view host);

// Whether a URL's host is spelt like a name or an IPv4 address. Nothing is looked up.
bool is_host_name(std::string_view host);

// Whether it is a name as anybody may register one: with a dot in it, and no address. Names below
// `localhost` are not (RFC 6761).
bool is_domain_name(std::string_view host);

}  // namespace chorus
