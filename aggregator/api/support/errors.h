// Errors that several resources use.
#pragma once

#include <functional>

#include "aggregator/http/request.h"
#include "aggregator/http/response.h"

namespace chorus::api {

[[noreturn]] void host_not_found();  // 404

// 403 agent_mismatch: the token is not one of the agent that is named.
[[noreturn]] void agent_mismatch();

// Turns failures of the database into 503 answers that name neither host nor statement, and damaged
// rows of packed days into 500 answers that name them.
std::function<http::Response(const http::Request&)> guarded(
    std::function<http::Response(const http::Request&)> handler);

}  // namespace chorus::api
