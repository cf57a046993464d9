// The process table of a batch as it comes over the wire.
#pragma once

#include "common/batch.h"
#include "common/json_checks.h"

namespace chorus {

// Reads {"columns": […], "rows": [[…]…], "scanned": n, "other": {…}}. Columns may come in any
// order; unknown ones are ignored; `pid`, `start_ticks` and `name` must be there.
ProcessTable read_processes(JsonValue value, const json_checks::Path& at,
                            json_checks::Checker& check);

}  // namespace chorus
