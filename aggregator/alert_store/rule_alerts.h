// Alerts that rules have open.
#pragma once

#include <string>
#include <vector>

#include "aggregator/postgres/session.h"
#include "common/uuid.h"

namespace chorus::store {

std::vector<Uuid> open_alerts_of_rule(Session& session, const Uuid& rule_id);

}  // namespace chorus::store
