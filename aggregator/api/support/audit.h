// Who changed what, for the audit log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aggregator/http/request.h"
#include "aggregator/postgres/session.h"

namespace chorus::api {

// The name under which a caller acts. It is the caller's own, unless `given`, the body's `field`,
// names another. Only administrators and callers without a token may act for somebody else; others
// get 403. Callers without a token may, because clients of the original service send names of their
// own.
std::string acting_name(const http::Request& request, std::string_view field,
                        const std::optional<std::string>& given);

// Records a change in the transaction that makes it. `action` is "alert.create" and the like.
// `detail_json` is an object that says what changed, without secrets.
void audit(store::Session& session, const http::Request& request, std::string_view action,
           std::string_view object_type, std::string_view object_id,
           std::string_view detail_json = "{}");

}  // namespace chorus::api
