#include "aggregator/api/token_authenticator.h"

#include "aggregator/api/token.h"
#include "aggregator/http/response.h"
#include "aggregator/store/database_error.h"

namespace chorus::api {
namespace {

constexpr std::chrono::seconds kKeep{1};
constexpr std::size_t kMostKnown = 100'000;

}  // namespace

std::optional<http::Principal> TokenAuthenticator::authenticate(std::string_view token) {
    if (!is_well_formed_token(token)) return std::nullopt;
    const std::string hash = hash_token(token);
    const auto now = clock_.steady();
    {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(hash);
        if (found != known_.end() && found->second.until > now) return found->second.principal;
    }
    auto principal = look_up(hash);
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    known_[hash] = {principal, now + kKeep};
    return principal;
}

void TokenAuthenticator::forget(std::string_view token) {
    const std::lock_guard lock(mutex_);
    known_.erase(hash_token(token));
}

std::optional<http::Principal> TokenAuthenticator::look_up(const std::string& hash) {
    try {
        const auto row = tokens_.find_by_hash(hash);
        if (!row) return std::nullopt;
        tokens_.touch(row->token_id);
        http::Principal principal;
        principal.role = http::role_from_name(row->role).value_or(http::Role::none);
        principal.token_id = row->token_id;
        principal.agent_id = row->agent_id;
        principal.name = row->name;
        return principal;
    } catch (const store::DatabaseUnavailable&) {
        throw http::HttpError(503, "storage_unavailable",
                              "The database cannot be reached; try again later", 5);
    }
}

}  // namespace chorus::api
