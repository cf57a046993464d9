// Which metrics hosts send.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aggregator/postgres/database.h"

namespace chorus::store {

// Those of `metric_types` that some host sent today or yesterday (UTC). Only days are noted, so all
// that came within 24 hours are among them.
std::set<std::string> sent_lately(Session& session, const std::vector<std::string>& metric_types);

// The metric of the catalogue whose name is nearest, if `metric_type` may be a typing error.
std::optional<std::string> nearest_metric(const std::string& metric_type);

struct MisspeltMetric {
    std::string metric_type, nearest;
};

// The first of `metric_types` that is most likely a typing error: the catalogue has one that
// differs in a letter or two, and nothing of that name is stored, of any age. Thread-safe. Throws
// DatabaseError.
std::optional<MisspeltMetric> find_misspelt(Database& database,
                                            const std::vector<std::string>& metric_types);

// Whether a series of one of these metrics with this label is stored, of any age. Thread-safe.
// Throws DatabaseError.
bool has_label(Database& database, const std::vector<std::string>& metric_types,
               const std::string& label);

}  // namespace chorus::store
