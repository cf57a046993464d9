#include "aggregator/api/access/login_guard.h"

#include "aggregator/http/response.h"

namespace chorus::api {
namespace {

constexpr std::chrono::seconds kKeepAttempts{1};
constexpr const char* kMetric = "chorus_aggregator_failed_logins_total";
constexpr const char* kHelp = "Requests with a token that is not good, by the answer they got.";

}  // namespace

LoginGuard::LoginGuard(store::Database& database, const Clock& clock, MetricsRegistry& metrics)
    : tokens_(database),
      clock_(clock),
      unknown_(metrics.counter(kMetric, kHelp, {{"code", "401"}})),
      limited_(metrics.counter(kMetric, kHelp, {{"code", "429"}})),
      failures_(clock) {}

void LoginGuard::admit(const std::string& address, const std::string& hash) {
    const auto wait = failures_.wait(address);
    if (wait && !is_valid(hash)) refuse(*wait);
}

void LoginGuard::failed(const std::string& address) {
    if (const auto wait = failures_.wait(address)) refuse(*wait);
    failures_.add(address);
    unknown_.add();
}

bool LoginGuard::is_valid(const std::string& hash) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    if (!read_at_ || now - *read_at_ >= kKeepAttempts) {
        try {
            valid_ = tokens_.valid_hashes();
        } catch (const store::DatabaseError&) {
            if (!valid_) throw;  // what is known has to do otherwise
        }
        // The moment after: those who waited for a slow answer take it, and do not ask again.
        read_at_ = clock_.steady();
    }
    return valid_->contains(hash);
}

void LoginGuard::refuse(std::chrono::seconds wait) {
    limited_.add();
    throw http::HttpError(429, "too_many_failures",
                          "Too many requests with tokens that are not good came from this address; "
                          "check the token. Valid ones are still let in",
                          static_cast<int>(wait.count()));
}

}  // namespace chorus::api
