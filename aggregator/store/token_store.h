// Access tokens. The database knows only their SHA-256.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/store/database.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct TokenRow {
    std::int64_t token_id = 0;
    std::string name;
    std::string role;  // "agent", "viewer", "operator", "admin"
    std::optional<Uuid> agent_id;
    Timestamp created_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> revoked_at;
};

class TokenStore {
  public:
    explicit TokenStore(Database& database) : database_(database) {}

    // `hash` is the 32 raw bytes of the SHA-256. Throws std::invalid_argument for an unknown role.
    TokenRow create(const std::string& name, const std::string& role, const std::string& hash);
    // Not revoked ones only.
    std::optional<TokenRow> find_by_hash(const std::string& hash) const;
    // Binds an agent token to the agent that uses it first. Returns the agent it is bound to
    // afterwards, which is another one if that was quicker; nullopt if the token is gone.
    std::optional<Uuid> bind_agent(std::int64_t token_id, const Uuid& agent_id);
    // Notes the use; written at most once a minute per token.
    void touch(std::int64_t token_id);
    // False if there is no such token or it was revoked before.
    bool revoke(std::int64_t token_id);
    std::vector<TokenRow> list() const;  // by token_id, revoked ones too

  private:
    Database& database_;
};

}  // namespace chorus::store
