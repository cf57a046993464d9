// One value of a setting: from text, and what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/settings/settings.h"

namespace chorus {

std::optional<double> to_number(std::string_view text);
// true, 1, yes, on; false, 0, no, off; in any case.
std::optional<bool> to_boolean(std::string_view text);

// What is wrong with a value, as the end of a sentence; durations ("5m") are rewritten to plain
// seconds.
std::optional<std::string> check_value(const Setting& setting, std::string& value);

}  // namespace chorus
