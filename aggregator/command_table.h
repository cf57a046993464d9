// Every command and switch of chorus-aggregator.
#pragma once

#include <vector>

#include "common/settings/command_table.h"

namespace chorus {

const std::vector<Command>& aggregator_commands();
const std::vector<Switch>& aggregator_switches();

}  // namespace chorus
