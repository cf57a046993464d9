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

// Claims a key until the transaction ends. False if another transaction has it, because that
// request still runs.
bool claim_key(Session& session, std::string_view scope, std::string_view key);

// The earlier answer for a claimed key.
std::optional<RememberedAnswer> find_answer(Session& session, std::string_view scope,
                                            std::string_view key);

// Stores the answer in the transaction of the request's changes. The key must be claimed.
void remember_answer(Session& session, std::string_view scope, std::string_view key,
                     const RememberedAnswer& answer, Timestamp now);

}  // namespace chorus::store
