// What systemd is told of a daemon: sd_notify(3) without its library. Outside of systemd nothing
// happens.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace chorus {

// Sends "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." or several lines of them to the socket
// in NOTIFY_SOCKET. What cannot be sent is left unsent.
void notify_service_manager(const std::string& state);

// How often "WATCHDOG=1" is due: half of what the unit's WatchdogSec= allows. nullopt if this
// process is not watched.
std::optional<std::chrono::microseconds> watchdog_period();

}  // namespace chorus
