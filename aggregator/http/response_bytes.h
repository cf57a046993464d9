// An answer as the bytes that go over the wire (RFC 9112 section 4).
#pragma once

#include <string>

#include "aggregator/http/response.h"

namespace chorus::http {

struct WireForm {
    bool keep_alive = true;
    bool head_only = false;  // answers HEAD: every header of the GET, no body
    bool http_1_0 = false;
};

std::string to_bytes(const Response& response, WireForm form);

}  // namespace chorus::http
