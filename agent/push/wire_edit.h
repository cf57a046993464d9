// Changes to a batch that is already JSON: those that are due when it is sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::agent {

// Puts this epoch and this sending time into the JSON form of a batch, in place. Where the clock
// was set back since the batch was collected, its own time is the sending time: aggregators refuse
// a batch that was sent before it was made.
void stamp(std::string& json, const Uuid& epoch, Timestamp sent_at);

// The epoch in the JSON form of a batch; nullopt if there is none.
std::optional<Uuid> epoch_of(std::string_view json);

// The same batch with half of its processes one by one and the rest folded into the remainder, so
// that totals stay right; below kFewProcesses without its process table. Empty if it has none or
// is not readable. Two batches cannot take its place: a host has one process table a moment.
inline constexpr std::size_t kFewProcesses = 16;
std::string with_fewer_processes(std::string_view json);

}  // namespace chorus::agent
