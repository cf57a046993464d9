// One check of one service: connect, ask, judge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/push/deadline.h"
#include "agent/push/tls_connection.h"
#include "agent/services/service.h"
#include "common/batch/batch.h"

namespace chorus::agent {

struct CheckOutcome {
    ServiceStatus status = ServiceStatus::unhealthy;
    // Time until the head of the answer was there (TCP: until connected); nullopt if that was too
    // late.
    std::optional<std::int32_t> response_time_ms{};
    std::string error{};  // empty when healthy; never holds credentials
};

// Makes the trusted certificates when they are first needed. Throws ConnectionError.
using TrustSource = std::function<const TlsContext&()>;

// Makes one attempt. It ends at the deadline at the latest; only the look-up of the name has the
// resolver's own limits. Redirects are not followed. ServiceAnswer judges the answer. nullopt if
// this host could not check (no descriptor left, no OpenSSL): then nothing is known.
std::optional<CheckOutcome> check_service(const Service& service, const TrustSource& trust,
                                          const Deadline& deadline);

}  // namespace chorus::agent
