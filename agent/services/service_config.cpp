#include "agent/services/service_config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/batch.h"
#include "common/batch_json.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kDefaultTimeout{5'000};
constexpr std::int64_t kLongestTimeout = 60, kMostRetries = 5, kLongestInterval = 86'400;

bool is_ipv6(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored;
    return ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

class ServiceReader {
  public:
    ServiceReader(std::string_view name, std::vector<std::string>& faults) : faults_(faults) {
        service_.name = name;
    }

    Service read(JsonValue value) {
        if (!is_service_name(service_.name)) {
            service_.name = repair_utf8(service_.name.substr(0, limits::kServiceNameBytes));
            fault("the name must have 1 to 100 bytes, no '/', no '@' and no control characters");
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
        if (!has_timeout_) {
            const milliseconds room = service_.interval - kBetweenAttempts * service_.retries;
            service_.timeout = std::min(kDefaultTimeout, room / (service_.retries + 1));
        }
        if (service_.timeout <= milliseconds{0} || service_.longest_check() > service_.interval) {
            fault(
                "timeout_seconds with its retries, 1 s apart, must not be longer than the "
                "interval");
        }
        return std::move(service_);
    }

  private:
    void fault(const std::string& what) { faults_.push_back("'" + service_.name + "': " + what); }

    void read_object(simdjson::dom::object object) {
        bool has_url = false;
        for (const auto [key, value] : object) {
            if (key == "url") {
                std::string_view url;
                has_url = true;
                if (value.get_string().get(url) == simdjson::SUCCESS) {
                    read_url(url);
                } else {
                    fault("url must be text");
                }
            } else if (key == "interval") {
                service_.interval = seconds{integer(key, value, 1, kLongestInterval)};
            } else if (key == "timeout_seconds") {
                has_timeout_ = true;
                service_.timeout = seconds{integer(key, value, 1, kLongestTimeout)};
            } else if (key == "retries") {
                service_.retries = static_cast<int>(integer(key, value, 0, kMostRetries));
            } else if (key == "expected_status") {
                read_statuses(value);
            } else {
                fault("unknown key \"" + repair_utf8(key.substr(0, 100)) +
                      "\"; known are url, interval, timeout_seconds, expected_status and retries");
            }
        }
        if (!has_url) fault("url is missing");
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

    void read_statuses(JsonValue value) {
        service_.expected_status.clear();
        simdjson::dom::array list;
        bool good = true;
        if (value.get_array().get(list) == simdjson::SUCCESS) {
            for (const JsonValue item : list) {
                good = read_status_range(item, service_.expected_status) && good;
            }
        } else {
            good = read_status_range(value, service_.expected_status);
        }
        if (!good || service_.expected_status.empty()) {
            fault("expected_status must be a code from 200 to 599, a text like \"2xx\", or a list");
        }
    }

    void read_url(std::string_view text) {
        const auto url = text.size() <= limits::kServiceUrlBytes ? parse_url(text) : std::nullopt;
        if (!url || text.find('\\') != std::string_view::npos) {
            return fault("url must be like http://host:port/path");
        }
        const bool tcp = url->scheme == "tcp";
        service_.tls = url->scheme == "https";
        if (!tcp && !service_.tls && url->scheme != "http") {
            return fault("url must begin with http://, https:// or tcp://");
        }
        if (!is_host_name(url->host) && !is_ipv6(url->host)) {
            return fault("url has no valid host");
        }
        if (tcp && !url->port) return fault("a tcp:// URL needs a port");
        service_.host = url->host;
        service_.port = url->port.value_or(service_.tls ? 443 : 80);
        if (!tcp) service_.request = check_request(*url, text, "chorus-agent/" CHORUS_VERSION);
        const bool v6 = is_ipv6(url->host);
        service_.endpoint = url->scheme + "://" + (v6 ? '[' + url->host + ']' : url->host) +
                            (url->port ? ':' + std::to_string(*url->port) : std::string()) +
                            url->path.substr(0, url->path.find('#'));
    }

    std::vector<std::string>& faults_;
    Service service_;
    bool has_timeout_ = false;
};

// Threads that are busy all the time if every check takes as long as it may.
double most_busy(const std::vector<Service>& services) {
    double busy = 0;
    for (const Service& service : services) {
        const std::chrono::duration<double> longest = service.longest_check();
        busy += longest / service.interval;
    }
    return busy;
}

}  // namespace

ServiceConfig parse_services(std::string_view json) {
    ServiceConfig config;
    JsonReader reader;
    try {
        simdjson::dom::object object;
        if (reader.parse(json).get_object().get(object) != simdjson::SUCCESS) {
            config.faults.emplace_back("must be a JSON object of names and URLs");
            return config;
        }
        if (object.size() > kMostServices) {
            config.faults.push_back("has more than " + std::to_string(kMostServices) + " services");
            return config;
        }
        for (const auto [name, value] : object) {
            config.services.push_back(ServiceReader{name, config.faults}.read(value));
        }
    } catch (const JsonError& e) {
        config.faults.push_back(std::string("is no valid JSON: ") + e.what());
    }
    const double busy = most_busy(config.services);
    if (config.faults.empty() && busy > kMostWorkers) {
        config.faults.emplace_back(
            "holds checks that together may take longer than their intervals; raise interval or "
            "lower timeout_seconds of some");
    }
    // One more than must be, so that a single check that hangs holds up no other.
    config.workers = std::min(
        {config.services.size(), kMostWorkers, static_cast<std::size_t>(std::ceil(busy)) + 1});
    return config;
}

}  // namespace chorus::agent
