// One check of one service: connect, ask, judge.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/push/deadline.h"
#include "agent/push/tls_connection.h"
#include "agent/services/service.h"
#include "common/batch.h"

namespace chorus::agent {

struct CheckOutcome {
    ServiceStatus status = ServiceStatus::unhealthy;
    // Until the answer's head was there (TCP: until connected); nullopt if none came in time.
    std::optional<std::int32_t> response_time_ms{};
    std::string error{};  // empty when healthy; never holds credentials
};

// What is trusted, made when it is first needed. Throws ConnectionError.
using TrustSource = std::function<const TlsContext&()>;

// Makes one attempt, which ends at the deadline at the latest (looking the name up has the
// resolver's own limits). Redirects are not followed. The answer is judged by
// ServiceAnswer. nullopt: this host could not check (no descriptor left, no OpenSSL), and nothing
// is known.
std::optional<CheckOutcome> check_service(const Service& service, const TrustSource& trust,
                                          const Deadline& deadline);

}  // namespace chorus::agent
