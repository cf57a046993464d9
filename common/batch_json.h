// The wire form of a batch (rest-contract: ingest, protocol 1). Columnar: names once, then values.
#pragma once

#include <string>
#include <string_view>

#include "common/batch.h"
#include "common/field_error.h"
#include "common/json_reader.h"
#include "common/json_writer.h"

namespace chorus {

// Appends the batch as one JSON object. Unknown values become null, never 0.
void write_batch(JsonWriter& out, const Batch& batch);

// Reads and checks a batch. Whatever is wrong is added to `errors` with its location below "body";
// if errors is not empty afterwards the returned batch must not be used. Columns and members that
// this version does not know are ignored, so that newer agents can talk to older aggregators.
Batch read_batch(const JsonValue& body, FieldErrors& errors);

}  // namespace chorus
