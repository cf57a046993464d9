// Small files of the agent that are replaced as a whole.
#pragma once

#include <string>

namespace chorus::agent {

// Puts `text` in the place of what the file held (mode 0600), durably and never half. False with
// errno if that failed; then the file is as it was.
bool replace_file(const std::string& path, const std::string& text);

}  // namespace chorus::agent
