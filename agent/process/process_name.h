// What a process is called.
#pragma once

#include <string>
#include <string_view>

namespace chorus::agent {

// The kernel cuts comm at this many bytes.
inline constexpr std::size_t kCommBytes = 15;

// comm, or the last path part of argv[0] if comm is full and may be its cut-off beginning, as
// psutil does. `cmdline` is the content of /proc/PID/cmdline. Control characters become `?`.
std::string process_name(std::string_view comm, std::string_view cmdline);

}  // namespace chorus::agent
