#include "aggregator/http/response.h"

#include "common/json_writer.h"

namespace chorus::http {
namespace {

// RFC 6901 section 3.
void append_escaped(std::string& out, std::string_view name) {
    for (const char c : name) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
}

void begin_problem(JsonWriter& out, const Request& request, int status, std::string_view code,
                   const std::function<void(JsonWriter&)>& write_detail) {
    out.begin_object()
        .field("type", "about:blank")
        .field("title", reason_phrase(status))
        .field("status", status)
        .key("detail");
    write_detail(out);
    if (!request.path.empty()) out.field("instance", request.path);
    out.field("request_id", request.request_id).field("code", code);
}

void write_error(JsonWriter& out, const FieldError& error) {
    out.begin_object()
        .field("field", field_name(error.location))
        .field("code", error.type)
        .field("message", error.message)
        .end_object();
}

void write_fastapi_error(JsonWriter& out, const FieldError& error) {
    out.begin_object().field("type", error.type).key("loc").begin_array();
    for (const LocationStep& step : error.location) {
        std::visit([&](const auto& s) { out.value(s); }, step);
    }
    out.end_array().field("msg", error.message);
    if (!error.context.empty()) {
        out.key("ctx").begin_object();
        for (const auto& [name, value] : error.context) {
            out.key(name);
            std::visit([&](const auto& v) { out.value(v); }, value);
        }
        out.end_object();
    }
    out.end_object();
}

}  // namespace

std::string field_name(const Location& location) {
    std::string out;
    const bool in_body = !location.empty() && std::get_if<std::string>(&location[0]) != nullptr &&
                         std::get<std::string>(location[0]) == "body";
    for (std::size_t i = 1; i < location.size(); ++i) {
        if (in_body || i > 1) out += '/';
        if (const auto* name = std::get_if<std::string>(&location[i])) {
            if (in_body) {
                append_escaped(out, *name);
            } else {
                out += *name;
            }
        } else {
            out += std::to_string(std::get<std::int64_t>(location[i]));
        }
    }
    return out;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 416:
            return "Range Not Satisfiable";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

Response problem(const Request& request, int status, std::string_view code,
                 std::string_view detail) {
    JsonWriter out;
    begin_problem(out, request, status, code, [&](JsonWriter& o) { o.value(detail); });
    out.end_object();
    Response response;
    response.status = status;
    response.body = out.take();
    response.content_type = "application/problem+json";
    return response;
}

Response retry_later(const Request& request, int status, std::string_view code,
                     std::string_view detail, int retry_after_seconds) {
    return problem(request, status, code, detail)
        .with("Retry-After", std::to_string(retry_after_seconds));
}

Response validation_failed(const Request& request, const FieldErrors& errors) {
    JsonWriter out;
    Response response;
    response.status = 422;
    const bool in_words =
        request.header("accept").find("application/problem+json") != std::string_view::npos;
    begin_problem(out, request, 422, "validation_failed", [&](JsonWriter& o) {
        if (in_words) {
            o.value("The request is not valid");
            return;
        }
        o.begin_array();
        for (const FieldError& error : errors.list()) write_fastapi_error(o, error);
        o.end_array();
    });
    if (in_words) {
        out.key("errors").begin_array();
        for (const FieldError& error : errors.list()) write_error(out, error);
        out.end_array();
        response.content_type = "application/problem+json";
    }
    out.end_object();
    response.body = out.take();
    return response;
}

}  // namespace chorus::http
