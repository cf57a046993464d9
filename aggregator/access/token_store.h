// Access tokens. The database knows only their SHA-256.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "aggregator/postgres/database.h"
#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::store {

struct TokenRow {
    std::int64_t token_id = 0;
    std::string name;
    std::string role;  // "agent", "viewer", "operator", "admin", "enrol", "signin"
    std::optional<Uuid> agent_id;
    Timestamp created_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> revoked_at;
    std::optional<Timestamp> expires_at;
    std::optional<std::int32_t> uses_left;  // of an enrolment token and a sign-in link
    bool is_session = false;                // of a browser, which a sign-in link let in
};

struct NewToken {
    std::string name;
    std::string role;
    std::string hash;                                 // the 32 raw bytes of the SHA-256
    std::optional<std::chrono::seconds> valid_for{};  // nullopt = until it is revoked
    std::optional<std::int32_t> uses{};               // of enrol and signin, which need both
    std::optional<Uuid> agent_id{};                   // bound from the start
    std::optional<std::int64_t> enrolled_by{};        // the enrolment token; by it alone nobody
                                                      // becomes an agent that has a valid token
    bool is_session = false;                          // which needs an end, too
};

// These work in the caller's transaction, so that a call and its record are stored together.
// insert_token() throws std::invalid_argument for an unknown role.
TokenRow insert_token(Session& session, const NewToken& token);
// nullopt if there is no such token or it was revoked before.
std::optional<TokenRow> revoke_token(Session& session, std::int64_t token_id);
// Which of these tokens are not valid any more: revoked, expired or unknown.
std::vector<std::int64_t> ended_tokens(Session& session, std::span<const std::int64_t> ids);
// Takes one use of a token of that role, "enrol" or "signin", and returns the token. nullopt if no
// valid token has that hash.
std::optional<TokenRow> use_token(Session& session, const std::string& hash,
                                  const std::string& role);
// Ends the sign-in links of this name that were not used.
void revoke_links(Session& session, const std::string& name);
// Whether another agent reported for a host of this name within ten of its intervals.
bool host_taken(Session& session, const std::string& hostname, const std::optional<Uuid>& agent_id);
// The valid tokens of this agent, by token_id. Until the end of the transaction claim_agent() and
// bind_agent() bind no other token to it.
std::vector<std::int64_t> claim_agent(Session& session, const Uuid& agent_id);
// Makes a second token like this one (name, role, agent) and gives the old one an end. nullopt if
// the old one is gone, or is an enrolment token, a sign-in link or a session.
std::optional<TokenRow> replace_token(Session& session, std::int64_t token_id,
                                      const std::string& new_hash, std::chrono::seconds overlap);

class TokenStore {
  public:
    explicit TokenStore(Database& database) : database_(database) {}

    // Finds only tokens that are neither revoked nor expired.
    std::optional<TokenRow> find_by_hash(const std::string& hash) const;
    // The hashes of all valid tokens, including those for enrolment.
    std::unordered_set<std::string> valid_hashes() const;
    // Binds an agent token to the agent that uses it first. Returns the agent that it is bound to
    // afterwards: another agent may have been quicker. nullopt if the token is gone, or if the
    // agent has another valid token. Else whoever has any token could speak for any agent.
    std::optional<Uuid> bind_agent(std::int64_t token_id, const Uuid& agent_id);
    // Notes a use. It is written at most once a minute per token.
    void touch(std::int64_t token_id);
    bool revoke(std::int64_t token_id);  // revoke_token() alone; whether there was one
    std::vector<TokenRow> list() const;  // by token_id, revoked ones too

  private:
    Database& database_;
};

}  // namespace chorus::store
