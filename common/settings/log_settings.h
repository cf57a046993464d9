// The settings of the log, which both programs have.
#pragma once

#include "common/settings/settings.h"

namespace chorus {

Setting log_level_setting();
Setting log_format_setting();

}  // namespace chorus
