#include "aggregator/api/access/token_authenticator.h"

#include "aggregator/api/access/token.h"
#include "aggregator/http/response.h"
#include "aggregator/postgres/database_error.h"

namespace chorus::api {
namespace {

constexpr std::chrono::seconds kKeepToken{1};

}  // namespace

std::optional<http::Principal> TokenAuthenticator::authenticate(std::string_view token,
                                                                const std::string& client_ip,
                                                                http::Verified verified) {
    std::optional<http::Principal> principal;
    if (is_well_formed_token(token)) principal = find(hash_token(token), client_ip, verified);
    if (!principal) guard_.failed(client_ip);
    return principal;
}

std::optional<http::Principal> TokenAuthenticator::find(const std::string& hash,
                                                        const std::string& client_ip,
                                                        http::Verified verified) {
    if (const auto known = memory_.find(hash, kKeepToken)) return known->principal;
    const auto asked = clock_.steady();
    try {
        auto known = look_up(hash, client_ip);
        known.verified = asked;
        memory_.note(hash, known);
        return known.principal;
    } catch (const store::DatabaseUnavailable&) {
        const auto known = verified == http::Verified::lately
                               ? memory_.find(hash, TokenMemory::kLongest)
                               : std::nullopt;
        if (known) return known->principal;
        throw http::HttpError(503, "storage_unavailable",
                              "The database cannot be reached; try again later", 5);
    }
}

TokenMemory::Known TokenAuthenticator::look_up(const std::string& hash,
                                               const std::string& client_ip) {
    guard_.admit(client_ip, hash);
    const auto row = tokens_.find_by_hash(hash);
    if (!row) return {};
    tokens_.touch(row->token_id);
    http::Principal principal;
    principal.role = http::role_from_name(row->role).value_or(http::Role::none);
    principal.token_id = row->token_id;
    principal.agent_id = row->agent_id;
    principal.name = row->name;
    return {.principal = principal, .expires_at = row->expires_at};
}

}  // namespace chorus::api
