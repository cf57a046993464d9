// Packs the process tables of one day of one host: what lies in process_batches, together with what
// is packed already.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/host_day.h"

namespace chorus::store {

// As pack_host_day() does for system_batches, in the same kind of transaction, with the marks of
// late_process_days. `series` counts processes with neighbouring tables. Of late tables only those
// blocks are packed anew into whose time they fall.
std::optional<PackedDay> pack_process_day(Session& session, std::int64_t epoch,
                                          std::int32_t host_id, std::chrono::sys_days day, Hot hot);

}  // namespace chorus::store
