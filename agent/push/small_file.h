// Small files of the agent that are replaced as a whole.
#pragma once

#include <string>

namespace chorus::agent {

// Replaces the content of the file by `text` (mode 0600). The new content is durable and never
// incomplete. False with errno if that failed; then the file is as it was.
bool replace_file(const std::string& path, const std::string& text);

}  // namespace chorus::agent
