// The append-only record of state-changing calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aggregator/postgres/session.h"

namespace chorus::store {

struct AuditEntry {
    std::string actor;
    std::optional<std::int64_t> token_id{};
    std::string action;       // "alert.create", "rule.delete", ...
    std::string object_type;  // "alert", "rule", "silence", ...
    std::optional<std::string> object_id{};
    std::optional<std::string> client_ip{};
    std::optional<std::string> request_id{};
    std::string detail_json = "{}";  // what changed; no secrets
};

// Works in the caller's transaction, so that a call and its record are stored together.
void write_audit(Session& session, const AuditEntry& entry);

}  // namespace chorus::store
