// Names that nobody knows: what is misspelt is refused, and the nearest name told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json/json_checks.h"

namespace chorus {

// A name that is none of `known`, which are in the order in which the message tells them:
// extra_forbidden, as pydantic has it. The message names the nearest one, too. `what` is
// "parameter" or "field", `location` ends with the name, of which at most 100 bytes are told.
FieldError unknown_name(Location location, std::string_view what,
                        const std::vector<std::string>& known);

// Adds such a fault for each member of the object that is none of `known`.
void refuse_unknown(simdjson::dom::object object, const json_checks::Path& at,
                    const std::vector<std::string>& known, json_checks::Checker& checker);

}  // namespace chorus
