// To which URLs batches may be sent.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "agent/push/ingest_client.h"

namespace chorus::agent {

// The endpoint of an aggregator's URL, or why it must not be used. Other schemes than https and
// http are refused. So is http to a host that is not loopback, because the token would travel in
// the clear (unless `insecure_http`).
std::variant<Endpoint, std::string> endpoint_of(std::string_view url, bool insecure_http);

}  // namespace chorus::agent
