// The series of a batch as they come over the wire.
#pragma once

#include "common/batch/batch.h"
#include "common/batch/batch_json_checks.h"

namespace chorus {

// Reads {"layout": [[metric_type, label, unit]…], "values": […]} into the batch. null is unknown.
// Of a series (metric_type, label) that is there twice the first is kept.
void read_metrics(JsonValue value, const json_checks::Path& at, Batch& out, BatchChecker& check);

}  // namespace chorus
