// Who a bearer token belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"

namespace chorus::http {

// Since when a token must be known to be good.
enum class Verified {
    now,
    lately,  // while the database is away: some minutes ago, as for answers that need no database
};

class Authenticator {
  public:
    virtual ~Authenticator() = default;
    // nullopt: no such token, or revoked. Throws HttpError 503 when the answer cannot be had, 429
    // when too many such tokens came from the address. Called by many threads at once.
    virtual std::optional<Principal> authenticate(std::string_view token,
                                                  const std::string& client_ip,
                                                  Verified verified) = 0;
};

}  // namespace chorus::http
