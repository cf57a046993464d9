// The service manager's watchdog. It depends on whether the program does its work.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>

namespace chorus::cli {

// Whether the server at that port answers GET /health with an HTTP status within `limit`. If it
// listens on all interfaces, loopback is asked. The request goes the way of clients: accept, parse,
// dispatch, answer. So this is false if that way is stuck, and true if only a database is away.
bool answers_itself(const std::string& listen, std::uint16_t port, std::chrono::milliseconds limit);

// wait_for_signal() that also sends "WATCHDOG=1" to the service manager in time, as long as `alive`
// is true. Without a watchdog `alive` is never called.
int wait_for_signal_watched(const sigset_t& signals, const std::function<bool()>& alive);

}  // namespace chorus::cli
