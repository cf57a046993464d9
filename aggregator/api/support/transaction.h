// Calls that change something: one transaction, run once for each Idempotency-Key.
#pragma once

#include <functional>

#include "aggregator/api/support/context.h"
#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "aggregator/postgres/session.h"

namespace chorus::api {

// Runs `work` in one transaction and returns its answer once the transaction is committed. If
// `work` throws, the transaction is rolled back. After a deadlock with another writer `work` runs
// again. Content that PostgreSQL cannot hold (U+0000, a number of thousands of digits) becomes a
// 422.
//
// A POST with an Idempotency-Key runs once. The same key with the same body gets the first answer
// again (Idempotency-Replayed: true). With another body it gets 422. While the first one still
// runs, it gets 409. Keys belong to the caller and the path, and are kept for a day.
http::Response in_transaction(Context& context, const http::Request& request,
                              const std::function<http::Response(store::Session&)>& work);

}  // namespace chorus::api
