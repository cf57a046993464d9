// Changes to a batch that is already JSON, made when it is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::agent {

// Puts this epoch and this sending time into the JSON form of a batch, in place. If the clock was
// set back since the batch was collected, the time of the batch becomes its sending time:
// aggregators refuse a batch that was sent before it was made.
void stamp(std::string& json, const Uuid& epoch, Timestamp sent_at);

// The epoch in the JSON form of a batch; nullopt if there is none.
std::optional<Uuid> epoch_of(std::string_view json);

// The same batch with half of its processes. The others are summed into the remainder, so that
// totals stay right. With fewer than kFewProcesses the batch loses its process table. Empty if
// there is no table, or if the batch cannot be read. The batch is not cut into two, because a host
// has one process table at a moment.
inline constexpr std::size_t kFewProcesses = 16;
std::string with_fewer_processes(std::string_view json);

}  // namespace chorus::agent
