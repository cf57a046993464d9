// What of the user's environment goes on to the programs of a quickstart.
#pragma once

#include <string>
#include <vector>

namespace chorus::quickstart {

// The variables "NAME=value" of `environment` that may be settings: all CHORUS_* names, so that the
// program itself refuses one that is misspelt, and those in `plain_names`. Left out are the names
// in `taken`, which the quickstart sets by itself, and the same with _FILE. Case does not matter.
std::vector<std::string> settings_of(const std::vector<std::string>& environment,
                                     const std::vector<std::string>& plain_names,
                                     const std::vector<std::string>& taken);

// The environment of this process.
std::vector<std::string> own_environment();

}  // namespace chorus::quickstart
