// Whether a browser asks.
#pragma once

#include "aggregator/http/request.h"

namespace chorus::api {

// True for browsers that navigate; programs ask for JSON or for anything.
bool prefers_html(const http::Request& request);

}  // namespace chorus::api
