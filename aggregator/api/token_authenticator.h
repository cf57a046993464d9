// Tells who a bearer token belongs to, by the token table.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "aggregator/api/login_guard.h"
#include "aggregator/http/auth.h"
#include "aggregator/store/token_store.h"
#include "common/clock.h"

namespace chorus::api {

// Answers are kept for one second, so a revoked token stops working within that time and a busy
// agent costs one look-up a second. Both good and bad tokens are remembered, in bounded space.
// What bad ones cost beyond that is up to the guard.
class TokenAuthenticator final : public http::Authenticator {
  public:
    TokenAuthenticator(store::Database& database, const Clock& clock, LoginGuard& guard)
        : tokens_(database), clock_(clock), guard_(guard) {}

    // Throws HttpError 503 while the database is away, 429 as the guard says.
    std::optional<http::Principal> authenticate(std::string_view token,
                                                const std::string& client_ip) override;

  private:
    struct Known {
        std::optional<http::Principal> principal;
        std::chrono::nanoseconds until{0};
    };
    std::optional<http::Principal> find(const std::string& hash, const std::string& client_ip);
    std::optional<http::Principal> look_up(const std::string& hash, const std::string& client_ip);

    store::TokenStore tokens_;
    const Clock& clock_;
    LoginGuard& guard_;
    std::mutex mutex_;                              // protects known_
    std::unordered_map<std::string, Known> known_;  // by hash
};

}  // namespace chorus::api
