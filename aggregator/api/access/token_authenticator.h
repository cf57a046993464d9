// Tells who a bearer token belongs to, by the token table.
#pragma once

#include "aggregator/access/token_store.h"
#include "aggregator/api/access/login_guard.h"
#include "aggregator/api/access/token_memory.h"
#include "aggregator/http/auth.h"
#include "common/clock.h"

namespace chorus::api {

// Answers are kept for one second, so a revoked token stops working within that time and a busy
// agent costs one look-up a second. Both good and bad tokens are remembered, in bounded space.
// What bad ones cost beyond that is up to the guard.
class TokenAuthenticator final : public http::Authenticator {
  public:
    TokenAuthenticator(store::Database& database, const Clock& clock, LoginGuard& guard,
                       TokenMemory& memory)
        : tokens_(database), clock_(clock), guard_(guard), memory_(memory) {}

    // While the database is away: throws HttpError 503, but that Verified::lately lets in a token
    // that the database called good within the last five minutes, unless it was revoked here since.
    // Throws HttpError 429 as the guard says.
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
