// Changes to many alerts at once, by a number of statements that does not depend on how many they
// are. Every one of them writes its transition.
#pragma once

#include <string_view>

#include "aggregator/store/session.h"
#include "common/uuid.h"

namespace chorus::store {

// Resolves what a rule has open, because of `reason` (also resolved_by), on behalf of `actor`.
// Answers how many those were.
std::int64_t resolve_alerts_of_rule(Session& session, const Uuid& rule_id, std::string_view reason,
                                    std::string_view actor);

}  // namespace chorus::store
