// systemd's units and their states: org.freedesktop.systemd1(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/systemd/dbus_message.h"

namespace chorus::agent {

struct UnitState {
    std::string name;          // "ssh.service"
    std::string active_state;  // active, reloading, inactive, failed, activating, deactivating
    std::string path;          // of the object on the bus
    std::optional<std::uint32_t> restarts;  // automatic ones since it was started; services only
};

// The answer to ListUnits, without restarts. Throws DBusError.
std::vector<UnitState> read_units(DBusReader answer);

// All loaded units. Services that run, wait or failed have their restarts. Throws DBusError.
std::vector<UnitState> list_units(const std::string& bus_socket, std::chrono::milliseconds limit);

}  // namespace chorus::agent
