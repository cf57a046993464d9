// Whether a request comes from a browser.
#pragma once

#include "aggregator/http/request.h"

namespace chorus::api {

// True for a browser that opens a page. Programs ask for JSON or for any type.
bool prefers_html(const http::Request& request);

}  // namespace chorus::api
