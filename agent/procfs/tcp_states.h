// How many TCP sockets are in which state, of the agent's network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace chorus::agent {

struct TcpStates {
    std::uint64_t established = 0, time_wait = 0, close_wait = 0, syn_recv = 0, listen = 0;

    // `state` as in the kernel's include/net/tcp_states.h; others are not counted.
    void count(unsigned state);
};

// The lines of /proc/net/tcp or tcp6 are added to `states`.
void add_tcp_lines(std::string_view text, TcpStates& states);

// Asks the kernel by sock_diag(7), IPv4 and IPv6: far cheaper than its text files. nullopt if the
// kernel cannot be asked or there are more than ten million sockets.
std::optional<TcpStates> ask_tcp_states();

}  // namespace chorus::agent
