// The service manager's watchdog, bound to what the program is there for.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>

namespace chorus::cli {

// Whether the server at that port answers GET /health with an HTTP status within `limit`. A listen
// address of all interfaces is asked on loopback. Takes the way that clients take: accept, parse,
// dispatch, answer; so it is false when that way is stuck, and true while only a database is away.
bool answers_itself(const std::string& listen, std::uint16_t port, std::chrono::milliseconds limit);

// wait_for_signal() that tells the service manager "WATCHDOG=1" in time as long as `alive` holds.
// Without a watchdog `alive` is never asked.
int wait_for_signal_watched(const sigset_t& signals, const std::function<bool()>& alive);

}  // namespace chorus::cli
