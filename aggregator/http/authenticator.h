// Finds who a bearer token belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"

namespace chorus::http {

// How recently a token must have been found valid.
enum class Verified {
    now,
    lately,  // some minutes ago is enough while the database is away
};

class Authenticator {
  public:
    virtual ~Authenticator() = default;
    // nullopt: no such token, or it is revoked. Throws HttpError 503 if that cannot be found out,
    // and 429 if too many bad tokens came from the address. Called by many threads at once.
    virtual std::optional<Principal> authenticate(std::string_view token,
                                                  const std::string& client_ip,
                                                  Verified verified) = 0;
};

}  // namespace chorus::http
