// The process table of a batch as it comes over the wire.
#pragma once

#include "common/batch/batch.h"
#include "common/batch/batch_json_checks.h"

namespace chorus {

// Reads {"columns": […], "rows": [[…]…], "scanned": n, "other": {…}}. Columns may come in any
// order; unknown ones are ignored; `pid`, `start_ticks` and `name` must be there. Of a process that
// is there twice the first is kept.
ProcessTable read_processes(JsonValue value, const json_checks::Path& at, BatchChecker& check);

}  // namespace chorus
