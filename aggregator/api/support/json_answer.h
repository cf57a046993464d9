// Answers in JSON.
#pragma once

#include <string_view>

#include "aggregator/http/response.h"
#include "common/json/field_error.h"
#include "common/json_writer.h"

namespace chorus::api {

http::Response json_response(JsonWriter& out, int status = 200);

// null for an empty text: unknown or none.
inline JsonWriter& text_or_null(JsonWriter& out, std::string_view text) {
    return text.empty() ? out.null() : out.value(text);
}

// "warnings": an array of {code, field, message}, where field is a JSON pointer into the body.
void write_warnings(JsonWriter& out, const FieldErrors& warnings);

}  // namespace chorus::api
