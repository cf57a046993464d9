// A service that this host's agent checks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/services/service_request.h"

namespace chorus::agent {

inline constexpr std::chrono::seconds kBetweenAttempts{1};

struct Service {
    std::string name;
    std::string endpoint;  // the URL as it may be shown: without user, password and query
    bool tls = false;
    std::string host;  // name or address, without brackets
    std::uint16_t port = 0;
    std::string request;  // bytes to send, empty for TCP; may hold credentials: never shown
    std::chrono::seconds interval{60};
    std::chrono::milliseconds timeout{5'000};  // of one attempt; looking the name up has its own
    std::vector<StatusRange> expected_status{{}};
    int retries = 0;  // further attempts before the service counts as down

    // The time of a check if all its attempts hang.
    std::chrono::milliseconds longest_check() const {
        return timeout * (retries + 1) + kBetweenAttempts * retries;
    }
};

}  // namespace chorus::agent
