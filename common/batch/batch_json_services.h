// The service checks of a batch as they come over the wire.
#pragma once

#include <vector>

#include "common/batch/batch.h"
#include "common/batch/batch_json_checks.h"

namespace chorus {

// Reads [{"name", "endpoint", "status", "age_ms", "interval_seconds", "response_time_ms",
// "error"}…]; the first five must be there, null stands for what is unknown. A check that cannot be
// stored, or is there twice, is left out. So is one whose endpoint has a user, a password or a
// query: there are no secrets in what others may read.
void read_service_checks(JsonValue value, const json_checks::Path& at,
                         std::vector<AgentServiceCheck>& out, BatchChecker& check);

}  // namespace chorus
