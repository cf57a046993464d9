// The name of a process.
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// The kernel cuts comm at this many bytes.
inline constexpr std::size_t kCommBytes = 15;

// Usually comm. If comm is full, it may be cut off: then the name is the last path part of argv[0],
// if that begins with comm. psutil does the same. `cmdline` is the content of /proc/PID/cmdline.
// Control characters become `?`.
std::string process_name(std::string_view comm, std::string_view cmdline);

}  // namespace chorus::agent
