// Who a bearer token belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"

namespace chorus::http {

class Authenticator {
  public:
    virtual ~Authenticator() = default;
    // nullopt: no such token, or revoked. Throws HttpError 503 when the answer cannot be had, 429
    // when too many such tokens came from the address. Called by many threads at once.
    virtual std::optional<Principal> authenticate(std::string_view token,
                                                  const std::string& client_ip) = 0;
};

}  // namespace chorus::http
