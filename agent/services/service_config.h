// agent-service-endpoints: what this host's agent checks. Only who configures the host can say
// so, not who runs the aggregator: its agents would be a way into every network they are in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/services/service.h"

namespace chorus::agent {

inline constexpr std::size_t kMostServices = 50;
// Checks under way at once. Those that hang hold as many threads, so all of them together must be
// done within their intervals.
inline constexpr std::size_t kMostWorkers = 8;

struct ServiceConfig {
    std::vector<Service> services;  // in the order of the text
    std::size_t workers = 0;        // threads that are enough even if every check hangs
    // What is wrong, a sentence each, naming service and key; never with the URL's credentials.
    std::vector<std::string> faults;
};

// A JSON object of name → URL, or name → {"url", "interval" and "timeout_seconds" (seconds),
// "expected_status" (200, "2xx", or a list of such), "retries"}. URLs are http://, https:// or
// tcp://host:port; a user and password in them become basic authentication.
ServiceConfig parse_services(std::string_view json);

}  // namespace chorus::agent
