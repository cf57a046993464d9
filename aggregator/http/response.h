// Answers, and the forms of errors.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/http/request.h"
#include "common/json/field_error.h"

namespace Poco::Net {
class StreamSocket;
}

namespace chorus::http {

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<NameValue> headers;
    bool close = false;  // end the connection after this answer
    // The body is a stream without an end. Once the head is sent, the connection is handed to this
    // function and its thread is free. Not called for HEAD, nor if the client is gone.
    std::function<void(const Poco::Net::StreamSocket&)> take_over{};

    Response& with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

// The JSON pointer of a place in a body, "/metrics/values/3"; the bare name of a parameter.
std::string field_name(const Location& location);

// The standard phrase of a status code, "Not Found".
std::string_view reason_phrase(int status);

// RFC 9457 problem document whose `detail` is a string. `code` is a stable word for programs,
// "body_too_large"; instance and request_id are taken from the request.
Response problem(const Request& request, int status, std::string_view code,
                 std::string_view detail);

// The same with Retry-After (seconds): 429 and 503.
Response retry_later(const Request& request, int status, std::string_view code,
                     std::string_view detail, int retry_after_seconds);

// 422: a problem document. As application/json its `detail` is the list that clients of FastAPI
// read; by RFC 9457 section 3.1 other readers ignore a `detail` that is no string. A client that
// accepts application/problem+json gets words there, and the list as `errors`.
Response validation_failed(const Request& request, const FieldErrors& errors);

// Thrown by handlers and by what they call. The dispatcher turns it into an answer. what() is shown
// to the client, so it must not have secrets, SQL or addresses in it.
class HttpError : public std::runtime_error {
  public:
    HttpError(int status, std::string code, const std::string& detail,
              std::optional<int> retry_after_seconds = std::nullopt)
        : std::runtime_error(detail),
          status_(status),
          code_(std::move(code)),
          retry_after_seconds_(retry_after_seconds) {}
    int status() const { return status_; }
    const std::string& code() const { return code_; }
    std::optional<int> retry_after_seconds() const { return retry_after_seconds_; }

  private:
    int status_;
    std::string code_;
    std::optional<int> retry_after_seconds_;
};

// Thrown with all faults of the parameters and the body. The answer is 422.
class ValidationError : public std::runtime_error {
  public:
    explicit ValidationError(FieldErrors errors)
        : std::runtime_error("validation failed"), errors_(std::move(errors)) {}
    const FieldErrors& errors() const { return errors_; }

  private:
    FieldErrors errors_;
};

}  // namespace chorus::http
