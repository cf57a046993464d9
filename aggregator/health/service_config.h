// SERVICE_ENDPOINTS: the services to check.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/health/service.h"
#include "aggregator/net/address_rules.h"

namespace chorus::health {

inline constexpr std::size_t kMostServices = 2'000;
inline constexpr std::size_t kMostNameBytes = 200;  // leaves room in an alert's title

struct ServiceConfig {
    std::vector<Service> services;  // in the order of the text
    // The faults, one sentence each, with service and key. Never with the URL's credentials.
    std::vector<std::string> faults;
};

// A JSON object of name → URL, or name → {"url", "type" http|tcp, "interval" and "timeout_seconds"
// (seconds), "expected_status" (200, "2xx", or a list of such), "body_match", "retries"}. URLs are
// http://, https:// or tcp://host:port; a user and password in them become basic authentication.
// Addresses that the rules do not permit are faults already here. Names are judged at each check.
ServiceConfig parse_services(std::string_view json, std::chrono::seconds default_interval,
                             const net::AddressRules& rules);

// The six services of the platform, at the ports that they have on a developer's machine.
extern const std::string_view kDefaultServices;

}  // namespace chorus::health
