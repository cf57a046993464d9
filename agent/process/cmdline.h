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
// Redacted: "***" stands in place of values of options and of NAME=value, "name: value" and URL
// parameters whose name speaks of a password, secret, token, key, credential or authorization; of
// passwords in URLs, of -pPASSWORD and -u USER:PASSWORD, of NAME=value in capitals (environment),
// of what follows Bearer and Basic, and of words that look like keys. What is no secret may be
// hidden, too: better so than the other way round.
std::string readable_cmdline(std::string_view raw, CmdlineMode mode);

}  // namespace chorus::agent
