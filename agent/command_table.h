// Every command and switch of chorus-agent.
#pragma once

#include <vector>

#include "common/settings/command_table.h"

namespace chorus::agent {

const std::vector<Command>& agent_commands();
const std::vector<Switch>& agent_switches();

}  // namespace chorus::agent
