// Why a program cannot listen on a TCP port, in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace chorus {

// "nginx (process 4711)" for the program that listens on this port of any address, as far as this
// user may see it; nullopt otherwise. Reads /proc/net/tcp and tcp6 and the descriptors of processes
// (proc(5)).
std::optional<std::string> listener_of(std::uint16_t port);

// What the error of bind(2) or listen(2) means and what to do; one line. `setting` is what the user
// changes to take another port: "--port".
std::string cannot_listen(const std::string& address, std::uint16_t port, int error,
                          const std::string& setting);

}  // namespace chorus
