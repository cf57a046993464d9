// What tokens that are not good may cost.
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

// A token cannot be guessed, so the limit is there for the work: from an address that has failed
// too often a token is looked up only if it is among the valid ones, which are read at most once a
// second, whoever asks. So nobody's valid token is refused because of others behind the same
// proxy, but for one that is younger than this second. Thread-safe.
class LoginGuard {
  public:
    LoginGuard(store::Database& database, const Clock& clock, MetricsRegistry& metrics);

    // Before the token with this hash is looked up. Throws HttpError 429 if the address has failed
    // too often and there is no such valid token, DatabaseError if those cannot be read.
    void admit(const std::string& address, const std::string& hash);
    // The token that came from this address is not good: counts it. Throws HttpError 429 if the
    // address had failed too often before.
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
