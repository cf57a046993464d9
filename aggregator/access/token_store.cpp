#include "aggregator/access/token_store.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace chorus::store {
namespace {

// Every statement answers these columns, in this order.
#define CHORUS_TOKEN_COLUMNS                                                                       \
    "token_id, name, role, agent_id, created_at, last_used_at, revoked_at, expires_at, uses_left," \
    " is_session"

constexpr Statement kCreate{"token_create",
                            "INSERT INTO monitoring.tokens"
                            " (name, role, hash, expires_at, uses_left, agent_id, enrolled_by,"
                            "  is_session)"
                            " VALUES ($1, $2, $3, now() + $4, $5, $6, $7, $8)"
                            " RETURNING " CHORUS_TOKEN_COLUMNS};

constexpr Statement kFind{"token_find", "SELECT " CHORUS_TOKEN_COLUMNS
                                        " FROM monitoring.tokens"
                                        " WHERE hash = $1 AND revoked_at IS NULL"
                                        " AND (expires_at IS NULL OR expires_at > now())"};

constexpr Statement kValidHashes{"token_valid_hashes", R"sql(
SELECT hash FROM monitoring.tokens
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    AND (uses_left IS NULL OR uses_left > 0)
)sql"};

// The row lock makes a second user of the last use wait, and find none left.
constexpr Statement kUse{"token_use",
                         "UPDATE monitoring.tokens"
                         " SET uses_left = uses_left - 1, last_used_at = now()"
                         " WHERE hash = $1 AND role = $2 AND revoked_at IS NULL"
                         " AND expires_at > now() AND uses_left > 0"
                         " RETURNING " CHORUS_TOKEN_COLUMNS};

constexpr Statement kTaken{"token_host_taken", R"sql(
SELECT EXISTS (
    SELECT FROM monitoring.hosts
    WHERE hostname = $1 AND agent_id IS DISTINCT FROM $2
        AND last_seen > now() - make_interval(secs => 10 * interval_seconds))
)sql"};

// Of one agent, one after the other: until the end of the transaction.
constexpr Statement kLockAgent{
    "token_lock_agent", "SELECT pg_advisory_xact_lock(hashtextextended('chorus agent ' || $1, 0))"};

constexpr Statement kOfAgent{"token_of_agent", R"sql(
SELECT token_id FROM monitoring.tokens
WHERE agent_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
ORDER BY token_id
)sql"};

// One that was replaced before keeps its earlier end.
constexpr Statement kReplace{
    "token_replace",
    "WITH old AS ("
    " UPDATE monitoring.tokens"
    " SET expires_at = least(expires_at, now() + $3)"
    " WHERE token_id = $1 AND role NOT IN ('enrol', 'signin') AND NOT is_session"
    " AND revoked_at IS NULL"
    " AND (expires_at IS NULL OR expires_at > now())"
    " RETURNING name, role, agent_id, enrolled_by)"
    " INSERT INTO monitoring.tokens (name, role, agent_id, enrolled_by, hash)"
    " SELECT name, role, agent_id, enrolled_by, $2 FROM old"
    " RETURNING " CHORUS_TOKEN_COLUMNS};

// The row lock makes one of two first uses wait; its coalesce then sees the other's agent.
constexpr Statement kBind{"token_bind", R"sql(
UPDATE monitoring.tokens
SET agent_id = coalesce(agent_id, $2)
WHERE token_id = $1 AND revoked_at IS NULL
    AND (agent_id IS NOT NULL OR enrolled_by IS NULL OR NOT EXISTS (
        SELECT FROM monitoring.tokens other
        WHERE other.agent_id = $2 AND other.revoked_at IS NULL
            AND (other.expires_at IS NULL OR other.expires_at > now())))
RETURNING agent_id
)sql"};

constexpr Statement kTouch{"token_touch", R"sql(
UPDATE monitoring.tokens
SET last_used_at = now()
WHERE token_id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)sql"};

constexpr Statement kRevoke{"token_revoke",
                            "UPDATE monitoring.tokens SET revoked_at = now()"
                            " WHERE token_id = $1 AND revoked_at IS NULL"
                            " RETURNING " CHORUS_TOKEN_COLUMNS};

constexpr Statement kRevokeLinks{"token_revoke_links",
                                 "UPDATE monitoring.tokens SET revoked_at = now()"
                                 " WHERE role = 'signin' AND name = $1 AND revoked_at IS NULL"
                                 " AND uses_left > 0"};

constexpr Statement kEnded{"token_ended", R"sql(
SELECT g.id FROM unnest($1::bigint[]) AS g(id)
WHERE NOT EXISTS (SELECT FROM monitoring.tokens t
                  WHERE t.token_id = g.id AND t.revoked_at IS NULL
                    AND (t.expires_at IS NULL OR t.expires_at > now()))
)sql"};

constexpr Statement kList{
    "token_list", "SELECT " CHORUS_TOKEN_COLUMNS " FROM monitoring.tokens ORDER BY token_id"};
#undef CHORUS_TOKEN_COLUMNS

TokenRow read_token(const Row& row) {
    TokenRow token;
    token.token_id = row.int8(0);
    token.name = row.text(1);
    token.role = row.text(2);
    token.agent_id = row.optional_uuid(3);
    token.created_at = row.timestamp(4);
    token.last_used_at = row.optional_timestamp(5);
    token.revoked_at = row.optional_timestamp(6);
    token.expires_at = row.optional_timestamp(7);
    token.uses_left = row.optional_int4(8);
    token.is_session = row.boolean(9);
    return token;
}

// In the statement that looks it would be too late: that sees what was there when it began.
void lock_agent(Session& session, const Uuid& agent_id) {
    session.execute(kLockAgent, Parameters{}.text(agent_id.to_string()));
}

}  // namespace

TokenRow insert_token(Session& session, const NewToken& token) {
    constexpr std::array roles{"agent", "viewer", "operator", "admin", "enrol", "signin"};
    if (std::find(roles.begin(), roles.end(), token.role) == roles.end()) {
        throw std::invalid_argument(
            "a token's role is agent, viewer, operator, admin, enrol or signin");
    }
    return read_token(session.execute(kCreate, Parameters{}
                                                   .text(token.name)
                                                   .text(token.role)
                                                   .bytea(token.hash)
                                                   .interval(token.valid_for)
                                                   .int4(token.uses)
                                                   .uuid(token.agent_id)
                                                   .int8(token.enrolled_by)
                                                   .boolean(token.is_session))[0]);
}

std::optional<TokenRow> revoke_token(Session& session, std::int64_t token_id) {
    const auto rows = session.execute(kRevoke, Parameters{}.int8(token_id));
    if (rows.empty()) return std::nullopt;
    return read_token(rows[0]);
}

std::vector<std::int64_t> ended_tokens(Session& session, std::span<const std::int64_t> ids) {
    std::vector<std::int64_t> ended;
    for (const auto row : session.execute(kEnded, Parameters{}.int8_array(ids))) {
        ended.push_back(row.int8(0));
    }
    return ended;
}

std::optional<TokenRow> use_token(Session& session, const std::string& hash,
                                  const std::string& role) {
    const auto rows = session.execute(kUse, Parameters{}.bytea(hash).text(role));
    if (rows.empty()) return std::nullopt;
    return read_token(rows[0]);
}

void revoke_links(Session& session, const std::string& name) {
    session.execute(kRevokeLinks, Parameters{}.text(name));
}

bool host_taken(Session& session, const std::string& hostname,
                const std::optional<Uuid>& agent_id) {
    return session.execute(kTaken, Parameters{}.text(hostname).uuid(agent_id))[0].boolean(0);
}

std::vector<std::int64_t> claim_agent(Session& session, const Uuid& agent_id) {
    lock_agent(session, agent_id);
    std::vector<std::int64_t> valid;
    for (const auto row : session.execute(kOfAgent, Parameters{}.uuid(agent_id))) {
        valid.push_back(row.int8(0));
    }
    return valid;
}

std::optional<TokenRow> replace_token(Session& session, std::int64_t token_id,
                                      const std::string& new_hash, std::chrono::seconds overlap) {
    const auto rows =
        session.execute(kReplace, Parameters{}.int8(token_id).bytea(new_hash).interval(overlap));
    if (rows.empty()) return std::nullopt;
    return read_token(rows[0]);
}

std::optional<TokenRow> TokenStore::find_by_hash(const std::string& hash) const {
    return database_.read([&](Session& session) -> std::optional<TokenRow> {
        const auto rows = session.execute(kFind, Parameters{}.bytea(hash));
        if (rows.empty()) return std::nullopt;
        return read_token(rows[0]);
    });
}

std::unordered_set<std::string> TokenStore::valid_hashes() const {
    return database_.read([](Session& session) {
        std::unordered_set<std::string> hashes;
        for (const auto row : session.execute(kValidHashes)) hashes.emplace(row.bytea(0));
        return hashes;
    });
}

std::optional<Uuid> TokenStore::bind_agent(std::int64_t token_id, const Uuid& agent_id) {
    const auto lease = database_.acquire();
    Transaction transaction{*lease};
    lock_agent(*lease, agent_id);
    const auto rows = lease->execute(kBind, Parameters{}.int8(token_id).uuid(agent_id));
    if (rows.empty()) return std::nullopt;
    const Uuid bound = rows[0].uuid(0);
    transaction.commit();
    return bound;
}

void TokenStore::touch(std::int64_t token_id) {
    const auto lease = database_.acquire();
    lease->execute(kTouch, Parameters{}.int8(token_id));
}

bool TokenStore::revoke(std::int64_t token_id) {
    const auto lease = database_.acquire();
    return revoke_token(*lease, token_id).has_value();
}

std::vector<TokenRow> TokenStore::list() const {
    return database_.read([](Session& session) {
        std::vector<TokenRow> tokens;
        for (const auto row : session.execute(kList)) tokens.push_back(read_token(row));
        return tokens;
    });
}

}  // namespace chorus::store
