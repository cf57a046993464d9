#include "aggregator/health/service_config.h"

#include <netdb.h>

#include <algorithm>
#include <memory>

#include "common/http/url.h"
#include "common/services/service_entries.h"
#include "common/text.h"

namespace chorus::health {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostUrlBytes = 2'000;

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kMostNameBytes && is_printable(text) &&
           text.find('/') == std::string_view::npos;
}

const ServiceRules kRules{
    kMostServices,
    kMostUrlBytes,
    {"url", "type", "interval", "timeout_seconds", "expected_status", "body_match", "retries"},
    is_name,
    "the name must have 1 to 200 bytes, no '/' and no control characters"};

// 2130706433, 0x7f.1, 127.1: forms that some programs read as an address and others as a name.
bool looks_like_number(std::string_view host) {
    while (host.ends_with('.')) host.remove_suffix(1);
    const auto last = host.substr(host.rfind('.') + 1);
    if (last.empty()) return true;
    const bool hex = last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X');
    return hex ||
           std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct FreeAddresses {
    void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// Whether the host is written as an address, and that one is permitted; nothing is looked up.
enum class Literal { no, permitted, blocked };
Literal judge_literal(const std::string& host, const net::AddressRules& rules) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return Literal::no;
    const std::unique_ptr<addrinfo, FreeAddresses> list{raw};
    return rules.permits(*list->ai_addr) ? Literal::permitted : Literal::blocked;
}

// Everything between scheme and host that is a credential, passwords in the query too.
std::string shown(std::string_view text) {
    std::string out = redact_url(text);
    const auto begin = out.find("://") + 3;
    const auto at = out.rfind('@', out.find_first_of("/?#", begin));
    if (at != std::string::npos && at > begin) out.replace(begin, at - begin, "***");
    return out;
}

class ServiceReader {
  public:
    ServiceReader(const net::AddressRules& rules, ServiceFaults& faults)
        : rules_(rules), faults_(faults) {}

    Service read(ServiceEntry&& entry, std::chrono::seconds default_interval) {
        service_.name = std::move(entry.name);
        service_.interval = entry.interval.value_or(default_interval);
        service_.timeout = entry.timeout ? milliseconds{*entry.timeout} : service_.timeout;
        service_.retries = entry.retries;
        service_.expected_status = std::move(entry.expected_status);
        service_.body_match = entry.body_match.value_or("");
        if (entry.url) read_url(*entry.url, entry.text);
        check_type(entry.type.value_or(""));
        if (entry.timeout && (service_.retries + 1) * service_.timeout > service_.interval) {
            faults_.add("timeout_seconds with its retries must not be longer than the interval");
        }
        return std::move(service_);
    }

  private:
    void check_type(std::string_view type) {
        const bool tcp = service_.protocol == Protocol::tcp;
        if (!type.empty() && (type == "tcp") != tcp) {
            faults_.add(tcp ? "type http needs an http:// or https:// URL"
                            : "type tcp needs a URL of the form tcp://host:port");
        }
        if (tcp && !service_.body_match.empty()) faults_.add("body_match needs an HTTP service");
    }

    void read_url(const Url& url, std::string_view text) {
        service_.protocol = url.scheme == "tcp"     ? Protocol::tcp
                            : url.scheme == "https" ? Protocol::https
                                                    : Protocol::http;
        service_.endpoint = shown(text.substr(0, text.find('#')));
        service_.host = url.host;
        const auto bracket = text.find('[');
        if (bracket < text.find_first_of("/?#", text.find("://") + 3) &&
            url.host.find(':') == std::string::npos) {
            return faults_.add("url: only IPv6 addresses stand in brackets");
        }
        if (!read_host()) return;
        if (url.port) {
            service_.port = *url.port;
        } else if (service_.protocol == Protocol::tcp) {
            faults_.add("a tcp:// URL needs a port");
        } else {
            service_.port = service_.protocol == Protocol::https ? 443 : 80;
        }
        if (service_.protocol != Protocol::tcp) {
            service_.request = check_request(url, text, "chorus-aggregator/" CHORUS_VERSION);
        }
    }

    bool read_host() {
        std::string& host = service_.host;
        const auto literal = judge_literal(host, rules_);
        const bool address = literal != Literal::no && host.find('%') == std::string::npos;
        if (!address && !is_host_name(host)) {
            faults_.add("url has no valid host");
            return false;
        }
        check_spelling(address);
        if (literal == Literal::blocked) {
            faults_.add(
                "url leads to a blocked address (link-local, metadata, multicast or "
                "unspecified); if that is meant, name it in health-allow-addresses");
        }
        return true;
    }

    // getaddrinfo reads 0x7f.1 and 2130706433 as addresses; people and allow lists do not.
    void check_spelling(bool address) {
        const std::string& host = service_.host;
        const bool ipv6 = host.find(':') != std::string::npos;
        const auto parts = split(host, '.');
        const bool dotted = address && parts.size() == 4 &&
                            std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
                                return !part.empty() && part.size() <= 3 &&
                                       (part.size() == 1 || part.front() != '0') &&
                                       std::all_of(part.begin(), part.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
                            });
        if (!ipv6 && !dotted && looks_like_number(host)) {
            faults_.add("url: write an IPv4 address as four decimal numbers");
        }
    }

    const net::AddressRules& rules_;
    ServiceFaults& faults_;
    Service service_;
};

}  // namespace

const std::string_view kDefaultServices = R"({
    "websocket-gateway": "http://localhost:8081/health",
    "chat-service": "http://localhost:8000/api/v1/health",
    "presence-service": "http://localhost:8083/health",
    "summary-engine": "http://localhost:8084/api/v1/health",
    "notification-worker": "http://localhost:8085/health",
    "admin-ui": "http://localhost:3000"
})";

ServiceConfig parse_services(std::string_view json, std::chrono::seconds default_interval,
                             const net::AddressRules& rules) {
    ServiceConfig config;
    read_services(json, kRules, config.faults, [&](ServiceEntry&& entry, ServiceFaults& faults) {
        config.services.push_back(
            ServiceReader{rules, faults}.read(std::move(entry), default_interval));
    });
    return config;
}

}  // namespace chorus::health
