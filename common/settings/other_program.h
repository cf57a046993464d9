// The agent and the aggregator may share an environment, so each knows the other's names.
#pragma once

#include <string>
#include <vector>

namespace chorus {

// The environment names of the other program's settings, such as CHORUS_SPOOL_DIR. Each program has
// this function in a file that chorus-docgen makes out of the other's table.
std::vector<std::string> names_of_other_program();

}  // namespace chorus
