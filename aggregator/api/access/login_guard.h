// Limits what bad tokens may cost.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "aggregator/access/token_store.h"
#include "aggregator/http/failure_table.h"
#include "common/clock.h"
#include "common/metrics.h"

namespace chorus::api {

// A token cannot be guessed, so the limit only saves work. If an address has failed too often, its
// tokens are looked up only among the valid ones. Those are read at most once a second, whoever
// asks. So no valid token is refused because of others behind the same proxy, except one that is
// younger than a second. Thread-safe.
class LoginGuard {
  public:
    LoginGuard(store::Database& database, const Clock& clock, MetricsRegistry& metrics);

    // To be called before the token with this hash is looked up. Throws HttpError 429 if the
    // address has failed too often and there is no such valid token. Throws DatabaseError if the
    // valid tokens cannot be read.
    void admit(const std::string& address, const std::string& hash);
    // Counts a bad token from this address. Throws HttpError 429 if the address had failed too
    // often before.
    void failed(const std::string& address);

  private:
    bool is_valid(const std::string& hash);
    [[noreturn]] void refuse(std::chrono::seconds wait);

    const store::TokenStore tokens_;
    const Clock& clock_;
    Counter& unknown_;
    Counter& limited_;
    http::FailureTable failures_;
    std::mutex mutex_;                                      // protects the two below
    std::optional<std::unordered_set<std::string>> valid_;  // nothing until they could be read
    std::optional<std::chrono::nanoseconds> read_at_;
};

}  // namespace chorus::api
