#include "aggregator/api/support/json_answer.h"

#include "aggregator/http/parameters.h"

namespace chorus::api {

http::Response json_response(JsonWriter& out, int status) {
    http::Response response;
    response.status = status;
    response.body = out.take();
    return response;
}

void write_warnings(JsonWriter& out, const FieldErrors& warnings) {
    out.key("warnings").begin_array();
    for (const FieldError& warning : warnings.list()) {
        out.begin_object()
            .field("code", warning.type)
            .field("field", http::field_name(warning.location))
            .field("message", warning.message)
            .end_object();
    }
    out.end_array();
}

}  // namespace chorus::api
