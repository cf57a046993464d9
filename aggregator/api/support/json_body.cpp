#include "aggregator/api/support/json_body.h"

#include "aggregator/http/parameters.h"
#include "aggregator/http/response.h"
#include "common/json/json_reader.h"

namespace chorus::api {

JsonValue read_json_body(const http::Request& request) {
    FieldErrors errors;
    if (request.body.empty()) {
        errors.add(http::error_missing({std::string("body")}));
        throw http::ValidationError(errors);
    }
    // One parser a thread: it keeps its buffers.
    thread_local JsonReader reader;
    try {
        return reader.parse(request.body);
    } catch (const JsonError& e) {
        const std::string message =
            e.code() == "json_invalid" ? std::string("JSON decode error") : std::string(e.what());
        errors.add(
            {e.code(), {std::string("body"), static_cast<std::int64_t>(e.offset())}, message});
        throw http::ValidationError(errors);
    }
}

}  // namespace chorus::api
