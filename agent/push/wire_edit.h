// Changes to a batch that is already JSON: those that are due when it is sent.
#pragma once

#include <string>
#include <string_view>

#include "common/timestamp.h"
#include "common/uuid.h"

namespace chorus::agent {

// Puts this epoch and this sending time into the JSON form of a batch, in place.
void stamp(std::string& json, const Uuid& epoch, Timestamp sent_at);

// The same batch without its process table; empty if it has none or is not readable.
std::string without_processes(std::string_view json);

}  // namespace chorus::agent
