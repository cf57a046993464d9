#include "aggregator/store/token_store.h"

#include <stdexcept>

namespace chorus::store {
namespace {

constexpr Statement kCreate{"token_create", R"sql(
INSERT INTO monitoring.tokens (name, role, hash)
VALUES ($1, $2, $3)
RETURNING token_id, name, role, agent_id, created_at, last_used_at, revoked_at
)sql"};

constexpr Statement kFind{"token_find", R"sql(
SELECT token_id, name, role, agent_id, created_at, last_used_at, revoked_at
FROM monitoring.tokens
WHERE hash = $1 AND revoked_at IS NULL
)sql"};

// The row lock makes one of two first uses wait; its coalesce then sees the other's agent.
constexpr Statement kBind{"token_bind", R"sql(
UPDATE monitoring.tokens
SET agent_id = coalesce(agent_id, $2)
WHERE token_id = $1 AND revoked_at IS NULL
RETURNING agent_id
)sql"};

constexpr Statement kTouch{"token_touch", R"sql(
UPDATE monitoring.tokens
SET last_used_at = now()
WHERE token_id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)sql"};

constexpr Statement kRevoke{"token_revoke", R"sql(
UPDATE monitoring.tokens SET revoked_at = now() WHERE token_id = $1 AND revoked_at IS NULL
)sql"};

constexpr Statement kList{"token_list", R"sql(
SELECT token_id, name, role, agent_id, created_at, last_used_at, revoked_at
FROM monitoring.tokens
ORDER BY token_id
)sql"};

TokenRow read_token(const Row& row) {
    TokenRow token;
    token.token_id = row.int8(0);
    token.name = row.text(1);
    token.role = row.text(2);
    token.agent_id = row.optional_uuid(3);
    token.created_at = row.timestamp(4);
    token.last_used_at = row.optional_timestamp(5);
    token.revoked_at = row.optional_timestamp(6);
    return token;
}

}  // namespace

TokenRow TokenStore::create(const std::string& name, const std::string& role,
                            const std::string& hash) {
    if (role != "agent" && role != "viewer" && role != "operator" && role != "admin") {
        throw std::invalid_argument("a token's role is agent, viewer, operator or admin");
    }
    const auto lease = database_.acquire();
    return read_token(lease->execute(kCreate, Parameters{}.text(name).text(role).bytea(hash))[0]);
}

std::optional<TokenRow> TokenStore::find_by_hash(const std::string& hash) const {
    return database_.read([&](Session& session) -> std::optional<TokenRow> {
        const auto rows = session.execute(kFind, Parameters{}.bytea(hash));
        if (rows.empty()) return std::nullopt;
        return read_token(rows[0]);
    });
}

std::optional<Uuid> TokenStore::bind_agent(std::int64_t token_id, const Uuid& agent_id) {
    const auto lease = database_.acquire();
    const auto rows = lease->execute(kBind, Parameters{}.int8(token_id).uuid(agent_id));
    if (rows.empty()) return std::nullopt;
    return rows[0].uuid(0);
}

void TokenStore::touch(std::int64_t token_id) {
    const auto lease = database_.acquire();
    lease->execute(kTouch, Parameters{}.int8(token_id));
}

bool TokenStore::revoke(std::int64_t token_id) {
    const auto lease = database_.acquire();
    return lease->execute(kRevoke, Parameters{}.int8(token_id)).affected() == 1;
}

std::vector<TokenRow> TokenStore::list() const {
    return database_.read([](Session& session) {
        std::vector<TokenRow> tokens;
        for (const auto row : session.execute(kList)) tokens.push_back(read_token(row));
        return tokens;
    });
}

}  // namespace chorus::store
