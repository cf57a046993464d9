// A connection to a D-Bus over its Unix socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/systemd/dbus_message.h"

namespace chorus::agent {

// An answer's body.
struct DBusReply {
    bool is_error = false;
    bool little_endian = true;
    std::string body;

    DBusReader reader() const { return {body, little_endian}; }
};

// All waits together end after the time given to the constructor, so an object serves one round of
// questions. Every call throws DBusError.
class SystemBus {
  public:
    SystemBus(const std::string& socket, std::chrono::milliseconds limit);

    DBusReply call(const DBusCall& call);
    // Sends all calls at once. Returns the answers in the order of the calls.
    std::vector<DBusReply> call_all(const std::vector<DBusCall>& calls);

  private:
    void authenticate();
    void send(std::string_view bytes);
    void receive_until(std::size_t size);
    // Takes the next complete message from the received bytes.
    std::pair<DBusHead, std::string> next_message();
    void wait_for(short events);

    FileDescriptor fd_;
    std::chrono::steady_clock::time_point deadline_;
    std::string received_;
    std::uint32_t serial_ = 0;
};

}  // namespace chorus::agent
