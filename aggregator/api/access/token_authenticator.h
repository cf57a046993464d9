// Finds in the token table who a bearer token belongs to.
#pragma once

#include "aggregator/access/token_store.h"
#include "aggregator/api/access/login_guard.h"
#include "aggregator/api/access/token_memory.h"
#include "aggregator/http/authenticator.h"
#include "common/clock.h"

namespace chorus::api {

// Keeps answers for one second. So a revoked token stops working within a second, and a busy agent
// costs one look-up a second. Good and bad tokens are remembered, in bounded space. LoginGuard
// limits what bad tokens cost beyond that.
class TokenAuthenticator final : public http::Authenticator {
  public:
    TokenAuthenticator(store::Database& database, const Clock& clock, LoginGuard& guard,
                       TokenMemory& memory)
        : tokens_(database), clock_(clock), guard_(guard), memory_(memory) {}

    // While the database is away, throws HttpError 503. With Verified::lately a token is still let
    // in if the database called it good within the last five minutes and it was not revoked here
    // since. Throws HttpError 429 if the guard does.
    std::optional<http::Principal> authenticate(std::string_view token,
                                                const std::string& client_ip,
                                                http::Verified verified) override;

  private:
    std::optional<http::Principal> find(const std::string& hash, const std::string& client_ip,
                                        http::Verified verified);
    TokenMemory::Known look_up(const std::string& hash, const std::string& client_ip);

    store::TokenStore tokens_;
    const Clock& clock_;
    LoginGuard& guard_;
    TokenMemory& memory_;
};

}  // namespace chorus::api
