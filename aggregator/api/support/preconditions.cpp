#include "aggregator/api/support/preconditions.h"

#include "common/text.h"

namespace chorus::api {
namespace {

// RFC 9110 13.1: a list of tags or `*`. Weak tags are compared by their text also for If-Match: a
// version here is the time of its change, which is as exact as a strong tag.
bool names(std::string_view header, const std::string& tag) {
    for (auto given : split(header, ',')) {
        given = trim(given);
        if (given == "*" || given == tag || "W/" + std::string(given) == tag) return true;
    }
    return false;
}

}  // namespace

std::string etag_of(Timestamp updated_at) {
    return "W/\"" + std::to_string(to_unix_micros(updated_at)) + '"';
}

void add_etag(http::Response& response, const http::Request& request, Timestamp updated_at) {
    const std::string tag = etag_of(updated_at);
    response.with("ETag", tag);
    const bool reads = request.method == http::Method::get || request.method == http::Method::head;
    const auto known = request.header("if-none-match");
    if (reads && !known.empty() && names(known, tag)) {
        response.status = 304;
        response.body.clear();
    }
}

void check_if_match(const http::Request& request, Timestamp updated_at) {
    const auto wanted = request.header("if-match");
    if (wanted.empty() || names(wanted, etag_of(updated_at))) return;
    throw http::HttpError(412, "precondition_failed",
                          "It was changed since you read it; read it again");
}

}  // namespace chorus::api
