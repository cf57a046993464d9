// Every setting of chorus-agent.
#pragma once

#include <vector>

#include "common/settings/settings.h"

namespace chorus::agent {

const std::vector<Setting>& agent_settings();

}  // namespace chorus::agent
