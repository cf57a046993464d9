// agent-service-endpoints: what this host's agent checks. Only the host's own configuration decides
// that, not the aggregator. Else whoever controls the aggregator had a way into every network that
// has an agent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/services/service.h"

namespace chorus::agent {

inline constexpr std::size_t kMostServices = 50;
// How many checks run at once, each in a thread. All checks must fit into their intervals with
// these threads, even if they hang.
inline constexpr std::size_t kMostWorkers = 8;

struct ServiceConfig {
    std::vector<Service> services;  // in the order of the text
    std::size_t workers = 0;        // threads that are enough even if every check hangs
    // The faults, one sentence each, with service and key. Never with the URL's credentials.
    std::vector<std::string> faults;
};

// A JSON object of name → URL, or name → {"url", "interval" and "timeout_seconds" (seconds),
// "expected_status" (200, "2xx", or a list of such), "retries"}. URLs are http://, https:// or
// tcp://host:port; a user and password in them become basic authentication.
ServiceConfig parse_services(std::string_view json);

}  // namespace chorus::agent
