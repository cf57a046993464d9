// Weak entity tags of single resources: If-None-Match and If-Match.
#pragma once

#include <string>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"
#include "common/timestamp.h"

namespace chorus::api {

// Made from the time of the last change.
std::string etag_of(Timestamp updated_at);

// Adds the tag. Turns the answer to a GET into 304 if the client has that version already.
void add_etag(http::Response& response, const http::Request& request, Timestamp updated_at);

// Throws 412 if the client wants to change another version than the stored one.
void check_if_match(const http::Request& request, Timestamp updated_at);

}  // namespace chorus::api
