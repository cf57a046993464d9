#include "aggregator/health/service_config.h"

#include <netdb.h>

#include <algorithm>
#include <memory>

#include "common/json_reader.h"
#include "common/text.h"
#include "common/url.h"

namespace chorus::health {
namespace {

constexpr std::int64_t kLongestTimeout = 60, kMostRetries = 5, kLongestInterval = 86'400;
constexpr std::size_t kMostMatchBytes = 1'000, kMostUrlBytes = 2'000;

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

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
Literal judge_literal(const std::string& host, const AddressRules& rules) {
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
    ServiceReader(std::string_view name, std::chrono::seconds interval, const AddressRules& rules,
                  std::vector<std::string>& faults)
        : rules_(rules), faults_(faults) {
        service_.name = std::string(name);
        service_.interval = interval;
    }

    Service read(JsonValue value) {
        if (service_.name.empty() || service_.name.size() > kMostNameBytes ||
            !is_printable(service_.name) || service_.name.find('/') != std::string::npos) {
            service_.name = repair_utf8(service_.name.substr(0, kMostNameBytes));
            fault("the name must have 1 to 200 bytes, no '/' and no control characters");
        }
        std::string_view url;
        simdjson::dom::object object;
        if (value.get_string().get(url) == simdjson::SUCCESS) {
            read_url(url);
        } else if (value.get_object().get(object) == simdjson::SUCCESS) {
            read_object(object);
        } else {
            fault("must be a URL or an object with \"url\"");
        }
        return std::move(service_);
    }

  private:
    void fault(const std::string& what) { faults_.push_back("'" + service_.name + "': " + what); }

    void read_object(simdjson::dom::object object) {
        bool has_url = false, has_timeout = false;
        std::string_view type;
        for (const auto [key, value] : object) {
            if (key == "url") {
                std::string_view url;
                has_url = true;
                if (value.get_string().get(url) == simdjson::SUCCESS) {
                    read_url(url);
                } else {
                    fault("url must be text");
                }
            } else if (key == "type") {
                if (value.get_string().get(type) != simdjson::SUCCESS) type = "?";
            } else if (key == "interval") {
                service_.interval = std::chrono::seconds{integer(key, value, 1, kLongestInterval)};
            } else if (key == "timeout_seconds") {
                has_timeout = true;
                service_.timeout = std::chrono::seconds{integer(key, value, 1, kLongestTimeout)};
            } else if (key == "retries") {
                service_.retries = static_cast<int>(integer(key, value, 0, kMostRetries));
            } else if (key == "expected_status") {
                read_statuses(value);
            } else if (key == "body_match") {
                read_match(value);
            } else {
                fault("unknown key \"" + repair_utf8(key.substr(0, 100)) +
                      "\"; known are url, type, interval, timeout_seconds, expected_status, "
                      "body_match and retries");
            }
        }
        if (!has_url) fault("url is missing");
        check_type(type);
        if (has_timeout && (service_.retries + 1) * service_.timeout > service_.interval) {
            fault("timeout_seconds with its retries must not be longer than the interval");
        }
    }

    void check_type(std::string_view type) {
        const bool tcp = service_.protocol == Protocol::tcp;
        if (!type.empty() && type != "http" && type != "tcp") {
            fault("type must be http or tcp");
        } else if (!type.empty() && (type == "tcp") != tcp) {
            fault(tcp ? "type http needs an http:// or https:// URL"
                      : "type tcp needs a URL of the form tcp://host:port");
        }
        if (tcp && !service_.body_match.empty()) fault("body_match needs an HTTP service");
    }

    std::int64_t integer(std::string_view key, JsonValue value, std::int64_t least,
                         std::int64_t most) {
        std::int64_t number = 0;
        if (value.get_int64().get(number) == simdjson::SUCCESS && number >= least &&
            number <= most) {
            return number;
        }
        fault(std::string(key) + " must be a whole number from " + std::to_string(least) + " to " +
              std::to_string(most));
        return least;
    }

    void read_match(JsonValue value) {
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS && !text.empty() &&
            text.size() <= kMostMatchBytes) {
            service_.body_match = std::string(text);
        } else {
            fault("body_match must be a text of 1 to 1000 bytes");
        }
    }

    void read_statuses(JsonValue value) {
        service_.expected_status.clear();
        simdjson::dom::array list;
        if (value.get_array().get(list) == simdjson::SUCCESS) {
            for (const JsonValue item : list) read_status(item);
        } else {
            read_status(value);
        }
        if (service_.expected_status.empty()) {
            fault("expected_status must be a code from 200 to 599, a text like \"2xx\", or a list");
        }
    }

    void read_status(JsonValue value) {
        if (!read_status_range(value, service_.expected_status)) {
            fault("expected_status: each must be a code from 200 to 599 or a text like \"2xx\"");
        }
    }

    void read_url(std::string_view text) {
        const auto url = text.size() <= kMostUrlBytes ? parse_url(text) : std::nullopt;
        if (!url || text.find('\\') != std::string_view::npos) {
            fault("url must be like http://host:port/path");
            return;
        }
        if (url->scheme == "tcp") {
            service_.protocol = Protocol::tcp;
        } else if (url->scheme == "https") {
            service_.protocol = Protocol::https;
        } else if (url->scheme != "http") {
            fault("url must begin with http://, https:// or tcp://");
            return;
        }
        service_.endpoint = shown(text.substr(0, text.find('#')));
        service_.host = url->host;
        const auto bracket = text.find('[');
        if (bracket < text.find_first_of("/?#", text.find("://") + 3) &&
            url->host.find(':') == std::string::npos) {
            fault("url: only IPv6 addresses stand in brackets");
            return;
        }
        if (!read_host()) return;
        if (url->port) {
            service_.port = *url->port;
        } else if (service_.protocol == Protocol::tcp) {
            fault("a tcp:// URL needs a port");
        } else {
            service_.port = service_.protocol == Protocol::https ? 443 : 80;
        }
        if (service_.protocol != Protocol::tcp) {
            service_.request = check_request(*url, text, "chorus-aggregator/" CHORUS_VERSION);
        }
    }

    bool read_host() {
        std::string& host = service_.host;
        const auto literal = judge_literal(host, rules_);
        const bool address = literal != Literal::no && host.find('%') == std::string::npos;
        if (!address && !is_host_name(host)) {
            fault("url has no valid host");
            return false;
        }
        check_spelling(address);
        if (literal == Literal::blocked) {
            fault(
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
            fault("url: write an IPv4 address as four decimal numbers");
        }
    }

    const AddressRules& rules_;
    std::vector<std::string>& faults_;
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
                             const AddressRules& rules) {
    ServiceConfig config;
    JsonReader reader;
    try {
        simdjson::dom::object object;
        if (reader.parse(json).get_object().get(object) != simdjson::SUCCESS) {
            config.faults.emplace_back("must be a JSON object of names and URLs");
            return config;
        }
        for (const auto [name, value] : object) {
            if (config.services.size() == kMostServices) {
                config.faults.push_back("has more than " + std::to_string(kMostServices) +
                                        " services");
                break;
            }
            config.services.push_back(
                ServiceReader{name, default_interval, rules, config.faults}.read(value));
        }
    } catch (const JsonError& e) {
        config.faults.push_back(std::string("is no valid JSON: ") + e.what());
    }
    return config;
}

}  // namespace chorus::health
