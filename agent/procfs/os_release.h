// os-release(5).
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// PRETTY_NAME without its quotes, else NAME; empty if the file names neither.
std::string parse_os_release(std::string_view text);

}  // namespace chorus::agent
