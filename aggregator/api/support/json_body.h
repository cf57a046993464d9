// Request bodies that are one JSON object.
#pragma once

#include "aggregator/http/request.h"
#include "common/json/json_value.h"

namespace chorus::api {

// The value of the body. It lives until this thread calls the function again. Throws
// ValidationError, in FastAPI's words, if the body is missing or damaged.
JsonValue read_json_body(const http::Request& request);

}  // namespace chorus::api
