// Answers remembered by Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/timestamp.h"

namespace chorus::store {

struct RememberedAnswer {
    std::string request_hash;  // SHA-256 of the request's body
    int status = 200;
    std::vector<std::string> headers{};  // name, value, name, value, ...
    std::string body;
};

// Claims a key until the transaction ends; false if another transaction has it: that request is
// still running.
bool claim_key(Session& session, std::string_view scope, std::string_view key);

// What a claimed key was answered before.
std::optional<RememberedAnswer> find_answer(Session& session, std::string_view scope,
                                            std::string_view key);

// Together with what the request changed, in one transaction. The key must be claimed.
void remember_answer(Session& session, std::string_view scope, std::string_view key,
                     const RememberedAnswer& answer, Timestamp now);

}  // namespace chorus::store
