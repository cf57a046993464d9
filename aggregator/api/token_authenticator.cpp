#include "aggregator/api/token_authenticator.h"

#include "aggregator/api/token.h"
#include "aggregator/http/response.h"
#include "aggregator/store/database_error.h"

namespace chorus::api {
namespace {

constexpr std::chrono::seconds kKeep{1};
constexpr std::size_t kMostKnown = 100'000;

}  // namespace

std::optional<http::Principal> TokenAuthenticator::authenticate(std::string_view token,
                                                                const std::string& client_ip) {
    std::optional<http::Principal> principal;
    if (is_well_formed_token(token)) principal = find(hash_token(token), client_ip);
    if (!principal) guard_.failed(client_ip);
    return principal;
}

std::optional<http::Principal> TokenAuthenticator::find(const std::string& hash,
                                                        const std::string& client_ip) {
    const auto now = clock_.steady();
    {
        const std::lock_guard lock(mutex_);
        const auto found = known_.find(hash);
        if (found != known_.end() && found->second.until > now) return found->second.principal;
    }
    auto principal = look_up(hash, client_ip);
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    known_[hash] = {principal, now + kKeep};
    return principal;
}

std::optional<http::Principal> TokenAuthenticator::look_up(const std::string& hash,
                                                           const std::string& client_ip) {
    try {
        guard_.admit(client_ip, hash);
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
