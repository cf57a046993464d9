// Every setting of chorus-aggregator.
#pragma once

#include <vector>

#include "common/settings/settings.h"

namespace chorus {

const std::vector<Setting>& aggregator_settings();

}  // namespace chorus
