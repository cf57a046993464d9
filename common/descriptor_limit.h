// How many files and sockets this process may have open.
#pragma once

#include <cstdint>

namespace chorus {

// Raises the soft limit to the hard one (RLIMIT_NOFILE, getrlimit(2)): login shells give 1,024,
// which a thousand connections use up. Answers the limit that holds now.
std::uint64_t raise_descriptor_limit();

}  // namespace chorus
