// A service to check, and the result of a check.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/services/service_request.h"
#include "common/timestamp.h"

namespace chorus::health {

enum class Protocol { http, https, tcp };
std::string_view to_string(Protocol protocol);

struct Service {
    std::string name;
    std::string endpoint;  // the URL as it may be shown: without user and password
    Protocol protocol = Protocol::http;
    std::string host;  // name or address, without brackets
    std::uint16_t port = 0;
    std::string request;  // bytes to send, empty for TCP; may hold credentials: never shown
    std::chrono::seconds interval{60};
    std::chrono::milliseconds timeout{10'000};  // of one attempt, name lookup included
    std::vector<StatusRange> expected_status{{}};
    std::string body_match;  // text that the first 64 KiB of the answer must contain
    int retries = 0;         // further attempts before the service counts as down
};

enum class Health { healthy, unhealthy, timeout };
std::string_view to_string(Health health);

struct CheckResult {
    Health health = Health::unhealthy;
    // Time until the head of the answer was there (TCP: until connected); nullopt if that was too
    // late.
    std::optional<std::chrono::milliseconds> response_time;
    std::string error;  // empty when healthy; never holds credentials or resolved addresses
    std::optional<Timestamp> certificate_expires;
};

}  // namespace chorus::health
