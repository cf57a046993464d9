// Calls that change something: one transaction, run once for each Idempotency-Key.
#pragma once

#include <functional>

#include "aggregator/api/support/context.h"
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
http::Response in_transaction(Context& context, const http::Request& request,
                              const std::function<http::Response(store::Session&)>& work);

}  // namespace chorus::api
