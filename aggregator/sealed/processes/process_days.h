// Days of process tables that are over, for the job that packs them.
#pragma once

#include "aggregator/sealed/day_tier.h"

namespace chorus::store {

// process_batches.
const DayTier& process_table_days();

}  // namespace chorus::store
