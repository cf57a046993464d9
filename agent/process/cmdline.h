// Command lines without the secrets people put into them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chorus::agent {

enum class CmdlineMode { none, redacted, full };

inline constexpr std::size_t kCmdlineBytes = 1'024;

// The arguments of `raw` (NUL-separated, proc_pid_cmdline(5)) joined by blanks, in valid UTF-8
// without control characters, cut at kCmdlineBytes.
//
// Redacted: "***" stands in place of what may be a secret. That is:
// - the value of an option, of NAME=value, of "name: value" and of a URL parameter, if the name has
//   password, secret, token, key, credential or authorization in it,
// - a password in a URL, -pPASSWORD and -u USER:PASSWORD,
// - NAME=value in capitals (environment),
// - what follows Bearer and Basic, and words that look like keys.
// Some values that are no secret are hidden as well. That is better than to show one that is.
std::string readable_cmdline(std::string_view raw, CmdlineMode mode);

}  // namespace chorus::agent
