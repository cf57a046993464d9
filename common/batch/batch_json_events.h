// The events of a batch as they come over the wire.
#pragma once

#include <vector>

#include "common/batch/batch.h"
#include "common/batch/batch_json_checks.h"

namespace chorus {

// Appends the events of [{"type", "timestamp", "detail"}…], each once. One without a time that can
// be read is left out; so are all beyond the first limits::kEventsPerBatch.
void read_events(JsonValue value, const json_checks::Path& at, std::vector<Event>& out,
                 BatchChecker& check);

}  // namespace chorus
