// The service checks of a batch as they come over the wire.
#pragma once

#include <vector>

#include "common/batch.h"
#include "common/json_checks.h"

namespace chorus {

// Reads [{"name", "endpoint", "status", "age_ms", "interval_seconds", "response_time_ms",
// "error"}…]; the first five must be there, null stands for what is unknown. An endpoint with a
// user, a password or a query is refused: there are no secrets in what others may read.
void read_service_checks(JsonValue value, const json_checks::Path& at,
                         std::vector<AgentServiceCheck>& out, json_checks::Checker& check);

}  // namespace chorus
