// Request bodies that are one JSON object.
#pragma once

#include "aggregator/http/request.h"
#include "common/json_reader.h"

namespace chorus::api {

// The body's value; it lives until this thread calls the function again. A missing or damaged body
// throws ValidationError as FastAPI words it.
JsonValue read_json_body(const http::Request& request);

}  // namespace chorus::api
