// Where batches may be sent.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "agent/push/ingest_client.h"

namespace chorus::agent {

// The endpoint of an aggregator's URL, or why it must not be used: another scheme than https
// and http, or a token in the clear to a host that is not loopback (unless `insecure_http`).
std::variant<Endpoint, std::string> endpoint_of(std::string_view url, bool insecure_http);

}  // namespace chorus::agent
