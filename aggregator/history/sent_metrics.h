// Which metrics hosts send.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

// Those of `metric_types` that some host sent today or yesterday (UTC). Only days are noted, so all
// that came within 24 hours are among them.
std::set<std::string> sent_lately(Session& session, const std::vector<std::string>& metric_types);

}  // namespace chorus::store
