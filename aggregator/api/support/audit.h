// Who changed what, as the audit log keeps it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"
#include "aggregator/postgres/session.h"

namespace chorus::api {

// The name under which somebody acts: that of the caller, unless `given` in the body's `field`
// names another. Only administrators, and callers without a token (clients of the original send
// names of their own), may speak for somebody else; others get 403.
std::string acting_name(const http::Request& request, std::string_view field,
                        const std::optional<std::string>& given);

// Records a change in the transaction that makes it. `action` is "alert.create" and the like,
// `detail_json` an object that tells what changed; no secrets.
void audit(store::Session& session, const http::Request& request, std::string_view action,
           std::string_view object_type, std::string_view object_id,
           std::string_view detail_json = "{}");

}  // namespace chorus::api
