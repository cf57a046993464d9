#include "agent/services/service_config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/batch/batch.h"
#include "common/batch/batch_json.h"
#include "common/services/service_entries.h"

namespace chorus::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDefaultTimeout{5'000};
const ServiceRules kRules{
    kMostServices,
    limits::kServiceUrlBytes,
    {"url", "interval", "timeout_seconds", "expected_status", "retries"},
    is_service_name,
    "the name must have 1 to 100 bytes, no '/', no '@' and no control characters"};

bool is_ipv6(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored;
    return ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

// Fills host, port, request and endpoint of the service from its URL.
void read_target(const ServiceEntry& entry, Service& service, ServiceFaults& faults) {
    const Url& url = *entry.url;
    const bool tcp = url.scheme == "tcp", v6 = is_ipv6(url.host);
    service.tls = url.scheme == "https";
    if (!is_host_name(url.host) && !v6) return faults.add("url has no valid host");
    if (tcp && !url.port) return faults.add("a tcp:// URL needs a port");
    service.host = url.host;
    service.port = url.port.value_or(service.tls ? 443 : 80);
    if (!tcp) service.request = check_request(url, entry.text, "chorus-agent/" CHORUS_VERSION);
    service.endpoint = url.scheme + "://" + (v6 ? '[' + url.host + ']' : url.host) +
                       (url.port ? ':' + std::to_string(*url.port) : std::string()) +
                       url.path.substr(0, url.path.find('#'));
}

Service service_of(ServiceEntry&& entry, ServiceFaults& faults) {
    Service service;
    service.name = std::move(entry.name);
    service.interval = entry.interval.value_or(service.interval);
    service.retries = entry.retries;
    service.expected_status = std::move(entry.expected_status);
    if (entry.url) read_target(entry, service, faults);
    const milliseconds room = service.interval - kBetweenAttempts * service.retries;
    service.timeout = entry.timeout ? milliseconds{*entry.timeout}
                                    : std::min(kDefaultTimeout, room / (service.retries + 1));
    if (service.timeout <= milliseconds{0} || service.longest_check() > service.interval) {
        faults.add(
            "timeout_seconds with its retries, 1 s apart, must not be longer than the interval");
    }
    return service;
}

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
    read_services(json, kRules, config.faults, [&](ServiceEntry&& entry, ServiceFaults& faults) {
        config.services.push_back(service_of(std::move(entry), faults));
    });
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
