// Reads what a round needs to know besides the snapshot, and writes its plan: here the alerts of
// the rules are opened, changed and ended.
#pragma once

#include <string>
#include <vector>

#include "aggregator/alerts/round_plan.h"
#include "aggregator/postgres/session.h"
#include "common/uuid.h"

namespace chorus::alerts {

// Locks all rules until the transaction ends, and reads open alerts and states. `watermark` is of
// lock_evaluation_watermark(). Three statements. Throws store::DatabaseError.
RoundMemory read_memory(store::Session& session, const store::EvaluationWatermark& watermark);

struct CreatedAlert {
    Uuid id;
    std::string alert_type;
    std::string severity;
    std::string title;
};

// Writes all but the watermark, each kind of row by one statement, in the caller's transaction.
// Returns the alerts that were not open before. New alerts get the processes of the newest process
// table of their host, if it is younger than 26 hours; of 100 hosts at most. Throws
// store::DatabaseError.
std::vector<CreatedAlert> write_round(store::Session& session, const RoundPlan& plan);

}  // namespace chorus::alerts
