#include "aggregator/alert_store/idempotency.h"

namespace chorus::store {
namespace {

// Two keys of one hash refuse each other only while both run.
constexpr Statement kClaimKey{"idempotency_claim", R"sql(
SELECT pg_try_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 0))
)sql"};

constexpr Statement kFindKey{"idempotency_find", R"sql(
SELECT request_hash, status, headers, body
FROM monitoring.idempotency_keys
WHERE scope = $1 AND key = $2
)sql"};

constexpr Statement kRemember{"idempotency_remember", R"sql(
INSERT INTO monitoring.idempotency_keys (
    scope, key, request_hash, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
)sql"};

}  // namespace

bool claim_key(Session& session, std::string_view scope, std::string_view key) {
    return session.execute(kClaimKey, Parameters{}.text(scope).text(key))[0].boolean(0);
}

std::optional<RememberedAnswer> find_answer(Session& session, std::string_view scope,
                                            std::string_view key) {
    const auto rows = session.execute(kFindKey, Parameters{}.text(scope).text(key));
    if (rows.empty()) return std::nullopt;
    const auto row = rows[0];
    return RememberedAnswer{.request_hash = std::string{row.bytea(0)},
                            .status = row.int4(1),
                            .headers = row.text_array(2),
                            .body = std::string{row.text(3)}};
}

void remember_answer(Session& session, std::string_view scope, std::string_view key,
                     const RememberedAnswer& answer, Timestamp now) {
    session.execute(kRemember, Parameters{}
                                   .text(scope)
                                   .text(key)
                                   .bytea(answer.request_hash)
                                   .int4(answer.status)
                                   .text_array(answer.headers)
                                   .text(answer.body)
                                   .timestamp(now));
}

}  // namespace chorus::store
