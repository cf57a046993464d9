// Calls that change something: one transaction, the Idempotency-Key, the record in the audit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aggregator/api/routes.h"
#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "aggregator/postgres/session.h"

namespace chorus::api {

// Runs `work` in one transaction and answers what it answers, once that is committed. What `work`
// throws rolls back. After a deadlock with another writer `work` is run again. Content that
// PostgreSQL cannot hold (U+0000, a number of thousands of digits) becomes a 422.
//
// A POST with an Idempotency-Key is run once: the same key with the same body gets the first answer
// again (Idempotency-Replayed: true), with another body 422, while the first one still runs 409.
// Keys belong to the caller and the path, and are kept for a day.
http::Response in_transaction(Services& services, const http::Request& request,
                              const std::function<http::Response(store::Session&)>& work);

// The name under which somebody acts: that of the caller, unless `given` in the body's `field`
// names another. Only administrators, and callers without a token (clients of the original send
// names of their own), may speak for somebody else; others get 403.
std::string acting_name(const http::Request& request, std::string_view field,
                        const std::optional<std::string>& given);

// Records a change in the transaction that makes it. `action` is "alert.create" and the like,
// `detail_json` an object that tells what changed; no secrets.
void audit(store::Session& session, const http::Request& request, std::string_view action,
           std::string_view object_type, std::string_view object_id,
           std::string_view detail_json = "{}");

}  // namespace chorus::api
